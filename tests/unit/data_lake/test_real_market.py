"""What is known of the real files: counted by others, found here."""

import csv
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from data_lake.checks import check, completeness
from data_lake.lake import Lake
from domain.market import Market
from domain.times import US_PER_HOUR, parse_utc
from tests.unit.data_lake.bars import REAL, needs_market

pytestmark = needs_market

NOW_US = parse_utc("2026-01-15")
FIRST_US, END_US = parse_utc("2021-01-01"), parse_utc("2025-11-16")
WHERE = (US_PER_HOUR, FIRST_US, END_US, NOW_US)


def _lake(home: Path, *deliveries: tuple[str, str, Market]) -> Lake:
    lake = Lake(home, threads=2)
    for folder, table, market in deliveries:
        lake.ingest([REAL / folder], table, venue="binance", market=market, received_us=NOW_US, source=folder)
    return lake


@pytest.fixture(scope="module")
def spot(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lake]:
    with _lake(tmp_path_factory.mktemp("spot"), ("bars_1h", "bars", Market.SPOT)) as lake:
        yield lake


@pytest.fixture(scope="module")
def perpetuals(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lake]:
    deliveries = (("bars_1h_perp", "bars", Market.LINEAR), ("funding", "funding", Market.LINEAR))
    with _lake(tmp_path_factory.mktemp("perpetuals"), *deliveries) as lake:
        yield lake


def _listed(name: str, time: str, where: str) -> set[tuple[str, int]]:
    with (REAL / "defects" / name).open() as file:
        return {(row["symbol"], parse_utc(row[time])) for row in csv.DictReader(file) if row["set"] == where}


def test_exactly_the_listed_gaps_and_zero_volume_bars_of_the_spot_symbols(spot: Lake) -> None:
    findings = check(spot, "binance", Market.SPOT, *WHERE)
    gaps = {(item.symbol, item.evidence["previous_us"]) for item in findings if item.kind == "gap"}
    zeros = {(item.symbol, item.at_us) for item in findings if item.kind == "zero_volume"}
    assert gaps == _listed("gaps.csv", "prev_open", "bars_1h")
    assert zeros == _listed("zero_volume_bars.csv", "open_time", "bars_1h")
    assert set(Counter(symbol for symbol, _ in gaps).values()) == {7}
    assert set(Counter(symbol for symbol, _ in zeros).values()) == {2}
    shares = completeness(spot, "binance", Market.SPOT, *WHERE)
    assert {item.kind for item in findings} == {"gap", "zero_volume", "outlier"}
    assert sum(item.kind == "outlier" for item in findings) < 2e-3 * 42_706 * len(shares)
    assert set(shares.values()) == {42706 / 42720}


def test_the_four_spot_files_among_the_perpetuals_are_filed_as_spot_and_get_no_funding(perpetuals: Lake) -> None:
    strangers = {"SHIBUSDT", "PEPEUSDT", "BONKUSDT", "FLOKIUSDT"}
    found = {row["symbol"] for row in perpetuals.findings().to_pylist() if row["kind"] == "wrong_market"}
    assert found == strangers
    panel = perpetuals.panel("binance", Market.LINEAR, *WHERE)
    assert len(panel.symbols) == 25
    assert strangers.isdisjoint(panel.symbols)
    spot = perpetuals.panel("binance", Market.SPOT, *WHERE)
    assert set(spot.symbols) == strangers
    assert np.isnan(spot.funding_rate).all()


def test_a_constant_bitcoin_long_pays_what_the_funding_file_says(perpetuals: Lake) -> None:
    for year, percent in ((2021, 30.6), (2024, 12.0)):
        bounds = (parse_utc(f"{year}-01-01"), parse_utc(f"{year + 1}-01-01"))
        rates = perpetuals.read(
            "funding", venue="binance", market=Market.LINEAR, start_us=bounds[0], end_us=bounds[1], as_of_us=NOW_US
        )
        paid = sum(row["funding_rate"] for row in rates.to_pylist() if row["symbol"] == "BTCUSDT")
        assert round(paid * 100, 1) == percent
    panel = perpetuals.panel("binance", Market.LINEAR, US_PER_HOUR, *bounds, NOW_US, symbols=["BTCUSDT"])
    assert np.isclose(np.nansum(panel.funding_rate), paid)
    assert not np.isnan(panel.funding_rate).any()


def test_late_stamps_are_not_lost_and_a_page_limit_is_unknown_not_free(perpetuals: Lake) -> None:
    panel = perpetuals.panel("binance", Market.LINEAR, *WHERE, symbols=["DOGEUSDT", "RENDERUSDT"])
    stamps = perpetuals.read(
        "funding", venue="binance", market=Market.LINEAR, start_us=0, end_us=END_US, as_of_us=NOW_US, symbols=["DOGEUSDT"]
    )
    rates = panel.funding_rate[:, 0]
    assert np.isclose(np.nansum(rates), sum(stamps["funding_rate"].to_pylist()))
    after_the_page = panel.open_time_us >= parse_utc("2025-07-17T16:00:00Z")
    assert np.isnan(panel.funding_rate[after_the_page, 1]).all()
    findings = check(perpetuals, "binance", Market.LINEAR, *WHERE)
    assert {item.symbol for item in findings if item.kind == "page_limit"} == {"ENAUSDT", "RENDERUSDT", "TONUSDT"}
    jitter = {item.symbol: item.evidence["stamps"] for item in findings if item.kind == "funding_jitter"}
    assert set(jitter) == {"1000PEPEUSDT", "DOGEUSDT", "SOLUSDT", "ENAUSDT", "RENDERUSDT", "TONUSDT"}
    assert all(385 <= int(str(count)) <= 387 for count in jitter.values())
    assert not [item for item in findings if item.severity == "red"]


def test_the_delisted_coins_halts_and_a_reused_ticker(tmp_path: Path) -> None:
    with _lake(tmp_path, ("bars_1h_delisted", "bars", Market.SPOT)) as lake:
        findings = check(lake, "binance", Market.SPOT, *WHERE)
    (reuse,) = [item for item in findings if item.kind == "ticker_reuse"]
    assert (reuse.symbol, reuse.at_us) == ("LUNAUSDT", parse_utc("2022-05-31T06:00:00Z"))
    missing = {
        (item.symbol, item.evidence["missing_bars"]) for item in findings if item.kind == "gap" and item.severity == "amber"
    }
    assert missing == {("LUNAUSDT", 437), ("FTTUSDT", 7467)}
    gaps = {(item.symbol, item.evidence["previous_us"]) for item in findings if item.kind == "gap"}
    assert gaps == _listed("gaps.csv", "prev_open", "bars_1h_delisted")
    ended = {item.symbol for item in findings if item.kind == "series_ends_early"}
    assert ended == {"RAMPUSDT", "BTTUSDT", "ANCUSDT", "MIRUSDT", "BUSDUSDT", "USTUSDT"}


def test_the_real_vintage_of_twelve_unfinished_bitcoin_bars(tmp_path: Path) -> None:
    later = parse_utc("2025-12-01")
    with Lake(tmp_path, threads=2) as lake:
        said = {"venue": "binance", "market": Market.SPOT, "received_us": NOW_US}
        lake.ingest([REAL / "bars_1h_trades" / "BTCUSDT.parquet"], "bars", **said, source="trades")
        told = lake.ingest([REAL / "bars_1h" / "BTCUSDT.parquet"], "bars", **said, source="full", known_at=later)
        assert told.revised == 12
        read = {"venue": "binance", "market": Market.SPOT, "start_us": parse_utc("2025-11-01"), "end_us": parse_utc("2025-11-02")}
        before, after = (lake.read("bars", **read, as_of_us=moment).to_pylist() for moment in (later - 1, later))
        findings = check(lake, "binance", Market.SPOT, *WHERE)
    partial = next(row for row in before if row["volume"] < 2)
    (true,) = [row for row in after if row["open_time"] == partial["open_time"]]
    assert (round(partial["volume"], 2), round(true["volume"], 2)) == (1.89, 322.31)
    assert true["trades"] == partial["trades"]
    assert partial["trades"] is not None
    assert sum(item.kind == "unfinished_bar" for item in findings) == 12
