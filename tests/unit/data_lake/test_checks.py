import json
import math
from collections.abc import Mapping
from pathlib import Path

import polars as pl
import pytest

from data_lake.checks import check, completeness
from data_lake.findings import Finding, Severity
from data_lake.lake import Lake
from domain.market import Market
from domain.times import US_PER_DAY, US_PER_HOUR, US_PER_MINUTE
from tests.unit.data_lake.bars import NOW_US, START_US, bar_frame, set_value, write

SPOT = {"venue": "v", "market": Market.SPOT, "received_us": NOW_US, "source": "vendor"}


def _found(lake: Lake, market: Market = Market.SPOT, as_of_us: int = NOW_US) -> tuple[Finding, ...]:
    return check(lake, "v", market, US_PER_HOUR, START_US, NOW_US, as_of_us)


def _of(findings: tuple[Finding, ...], kind: str) -> list[tuple[str, int | None, Severity, Mapping[str, object]]]:
    return [(item.symbol, item.at_us, item.severity, item.evidence) for item in findings if item.kind == kind]


def _hour(number: int) -> int:
    return START_US + number * US_PER_HOUR


def test_sound_bars_have_no_finding(lake: Lake, tmp_path: Path) -> None:
    lake.ingest([write(tmp_path, "AAAUSDT.csv", bar_frame())], "bars", **SPOT)
    assert _found(lake) == ()
    assert completeness(lake, "v", Market.SPOT, US_PER_HOUR, START_US, NOW_US, NOW_US) == {"AAAUSDT": 1.0}


def test_gaps_are_counted_exactly_and_a_day_is_amber(lake: Lake, tmp_path: Path) -> None:
    hours = [*range(5), *range(7, 10), *range(40, 42)]
    lake.ingest([write(tmp_path, "AAAUSDT.csv", bar_frame(hours=hours))], "bars", **SPOT)
    short, long = _of(_found(lake), "gap")
    assert short[:3] == ("AAAUSDT", _hour(5), Severity.INFO)
    assert short[3] == {"missing_bars": 2, "previous_us": _hour(4), "next_us": _hour(7)}
    assert (long[1], long[2], long[3]["missing_bars"]) == (_hour(10), Severity.AMBER, 30)
    share = completeness(lake, "v", Market.SPOT, US_PER_HOUR, START_US, NOW_US, NOW_US)
    assert share == {"AAAUSDT": 10 / 42}


def test_zero_volume_flat_runs_and_copies(lake: Lake, tmp_path: Path) -> None:
    frame = bar_frame()
    for row in (3, 4, 9):
        frame = set_value(frame, row, volume=0.0)
    for row in (12, 13, 14):
        frame = set_value(frame, row, open=112.0, high=112.0, low=112.0, close=112.0)
    frame = set_value(frame, 20, open=118.5, high=120.0, low=118.0, close=119.0, volume=29.0)
    lake.ingest([write(tmp_path, "AAAUSDT.csv", frame)], "bars", **SPOT)
    findings = _found(lake)
    assert [(at, evidence["bars"]) for _, at, _, evidence in _of(findings, "zero_volume")] == [(_hour(3), 2), (_hour(9), 1)]
    assert [(at, evidence["bars"]) for _, at, _, evidence in _of(findings, "flat_run")] == [(_hour(12), 3)]
    assert [at for _, at, _, _ in _of(findings, "repeated_bar")] == [_hour(20)]


def test_a_reused_ticker_is_red_and_a_long_halt_is_not(lake: Lake, tmp_path: Path) -> None:
    before, after = bar_frame("REUSE", range(5), 1_000.0), bar_frame("REUSE", range(300, 305), 2.0 - 300 + 5)
    halted = pl.concat([bar_frame("HALT", range(5)), bar_frame("HALT", range(300, 305), 100.0 - 300)])
    lake.ingest([write(tmp_path, "all.csv", pl.concat([before, after, halted]))], "bars", **SPOT, interval_us=US_PER_HOUR)
    ((symbol, at_us, severity, evidence),) = _of(_found(lake), "ticker_reuse")
    assert (symbol, at_us, severity) == ("REUSE", _hour(300), Severity.RED)
    assert (evidence["price_before"], evidence["price_after"]) == (1_004.0, 6.5)


def test_a_series_that_ends_before_the_others(lake: Lake, tmp_path: Path) -> None:
    lake.ingest([write(tmp_path, "AAAUSDT.csv", bar_frame(hours=range(60)))], "bars", **SPOT)
    lake.ingest([write(tmp_path, "BBBUSDT.csv", bar_frame("BBBUSDT", range(20)))], "bars", **SPOT)
    assert [(symbol, at) for symbol, at, _, _ in _of(_found(lake), "series_ends_early")] == [("BBBUSDT", _hour(19))]


def test_an_outlier_is_told_from_the_returns_before_it(lake: Lake, tmp_path: Path) -> None:
    frame = bar_frame(hours=range(400), price=10_000.0)
    wiggle = pl.Series([10_000.0 + 10 * math.sin(hour) for hour in range(400)])
    frame = frame.with_columns(open=wiggle, high=wiggle + 1, low=wiggle - 1, close=wiggle)
    frame = set_value(frame, 300, open=13_000.0, high=13_000.0, low=12_999.0, close=13_000.0)
    lake.ingest([write(tmp_path, "AAAUSDT.csv", frame)], "bars", **SPOT)
    outliers = _of(_found(lake), "outlier")
    assert [at for _, at, _, _ in outliers] == [_hour(300), _hour(301)]
    assert outliers[0][3]["return"] == pytest.approx(13_000 / wiggle[299] - 1)


def test_a_bar_revised_from_a_part_of_itself_was_unfinished(lake: Lake, tmp_path: Path) -> None:
    partial = set_value(bar_frame(), 7, volume=0.5, close=106.75)
    lake.ingest([write(tmp_path, "early-AAAUSDT.csv", partial)], "bars", **SPOT)
    known = START_US + 3 * US_PER_DAY
    lake.ingest([write(tmp_path, "AAAUSDT.csv", bar_frame())], "bars", **SPOT, known_at=known)
    ((symbol, at_us, _, evidence),) = _of(_found(lake), "unfinished_bar")
    assert (symbol, at_us, evidence["volume_before"], evidence["volume_after"]) == ("AAAUSDT", _hour(7), 0.5, 17.0)
    assert _of(_found(lake, as_of_us=known - 1), "unfinished_bar") == []


def test_a_quarantined_unfinished_row_is_a_finding(lake: Lake, tmp_path: Path) -> None:
    lake.ingest([write(tmp_path, "AAAUSDT.csv", bar_frame())], "bars", **SPOT, known_at=_hour(23))
    assert [(symbol, at) for symbol, at, _, _ in _of(_found(lake), "unfinished_row")] == [("AAAUSDT", _hour(23))]


def _stamps(count: int, first: int = 0, step_hours: int = 8, late_ms: int = 0) -> pl.DataFrame:
    times = [(START_US + (first + i * step_hours) * US_PER_HOUR) // 1000 + late_ms for i in range(count)]
    return pl.DataFrame({"funding_time": times, "funding_rate": 0.0001})


def test_funding_holes_page_limits_jitter_and_absence(lake: Lake, tmp_path: Path) -> None:
    linear = {**SPOT, "market": Market.LINEAR}
    for symbol in ("AAAUSDT", "NONEUSDT"):
        write(tmp_path / "bars", f"{symbol}.csv", bar_frame(symbol))
    lake.ingest([tmp_path / "bars"], "bars", **linear)
    write(tmp_path / "funding", "AAAUSDT.csv", pl.concat([_stamps(20), _stamps(430, first=400)]))
    write(tmp_path / "funding", "PAGEUSDT.csv", _stamps(1000, step_hours=1, late_ms=7))
    lake.ingest([tmp_path / "funding"], "funding", **linear)
    findings = _found(lake, Market.LINEAR)
    ((symbol, at_us, _, evidence),) = _of(findings, "funding_hole")
    assert (symbol, at_us, evidence["missing_stamps"]) == ("AAAUSDT", _hour(160), 30)
    assert [(symbol, evidence["rows"]) for symbol, _, _, evidence in _of(findings, "page_limit")] == [("PAGEUSDT", 1000)]
    assert [symbol for symbol, _, _, _ in _of(findings, "funding_ends_early")] == ["PAGEUSDT"]
    assert [evidence for _, _, _, evidence in _of(findings, "funding_jitter")] == [{"stamps": 1000, "largest_us": 7000}]
    assert [symbol for symbol, _, _, _ in _of(findings, "funding_absent")] == ["NONEUSDT"]


def test_evidence_is_canonical_json() -> None:
    finding = Finding("gap", Severity.INFO, "v", "spot", "A", US_PER_MINUTE, 1, {"b": 1.5, "a": float("nan")})
    assert finding.evidence_json() == '{"a":null,"b":1.5}'
    assert json.loads(finding.evidence_json())["a"] is None
