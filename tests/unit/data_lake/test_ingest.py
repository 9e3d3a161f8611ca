import json
from pathlib import Path

import polars as pl
import pytest

from data_lake.lake import Lake
from domain.errors import Refused
from domain.market import Market
from domain.times import US_PER_HOUR, US_PER_MINUTE
from tests.unit.data_lake.bars import NOW_US, START_US, bar_frame, set_value, write

SPOT = {"venue": "v", "market": Market.SPOT, "received_us": NOW_US, "source": "vendor"}
DAY = {"venue": "v", "market": Market.SPOT, "start_us": START_US, "end_us": START_US + 24 * US_PER_HOUR}


def _closes(lake: Lake, as_of_us: int, snapshot: int | None = None) -> list[float]:
    return lake.read("bars", **DAY, as_of_us=as_of_us, snapshot=snapshot)["close"].to_pylist()


def _reasons(lake: Lake) -> list[str]:
    return lake.quarantine()["reason"].to_pylist()


def test_a_folder_is_accepted_and_the_same_again_writes_nothing(lake: Lake, tmp_path: Path) -> None:
    for symbol in ("AAAUSDT", "BBBUSDT"):
        write(tmp_path / "in", f"{symbol}.parquet", bar_frame(symbol))
    first = lake.ingest([tmp_path / "in"], "bars", **SPOT)
    assert (first.accepted, first.unchanged, first.revised, first.quarantined, first.snapshot) == (48, 0, 0, 0, 1)
    again = lake.ingest([tmp_path / "in"], "bars", **SPOT)
    assert (again.accepted, again.unchanged, again.revised, again.quarantined, again.snapshot) == (0, 48, 0, 0, 1)
    assert all(file.held_before for file in again.files)
    assert lake.deliveries().num_rows == 1
    assert (
        lake.deliveries().to_pylist()[0] | {"known_at": "published", "assumed": True, "files": 2}
        == lake.deliveries().to_pylist()[0]
    )


def test_the_same_rows_in_another_file_are_unchanged(lake: Lake, tmp_path: Path) -> None:
    lake.ingest([write(tmp_path, "AAAUSDT.parquet", bar_frame())], "bars", **SPOT)
    told = lake.ingest([write(tmp_path, "AAAUSDT.csv", bar_frame())], "bars", **SPOT)
    assert (told.accepted, told.unchanged, told.revised, told.snapshot) == (0, 24, 0, 2)


def test_published_is_close_plus_lag_and_a_stated_time_is_literal(lake: Lake, tmp_path: Path) -> None:
    lake.ingest([write(tmp_path, "AAAUSDT.csv", bar_frame())], "bars", **SPOT)
    known = lake.read("bars", **DAY, as_of_us=NOW_US)["knowledge_time"].to_pylist()
    assert known == [START_US + hour * US_PER_HOUR + US_PER_HOUR + US_PER_MINUTE for hour in range(24)]
    stated = START_US + 30 * US_PER_HOUR
    lake.ingest([write(tmp_path, "BBBUSDT.csv", bar_frame("BBBUSDT"))], "bars", **SPOT, known_at=stated)
    assert set(lake.read("bars", **DAY, as_of_us=NOW_US, symbols=["BBBUSDT"])["knowledge_time"].to_pylist()) == {stated}
    assert lake.deliveries()["assumed"].to_pylist() == [True, False]


def test_a_revision_is_seen_from_its_time_on_and_the_old_answer_stays(lake: Lake, tmp_path: Path) -> None:
    lake.ingest([write(tmp_path, "AAAUSDT.csv", bar_frame())], "bars", **SPOT)
    known = START_US + 40 * US_PER_HOUR
    told = lake.ingest(
        [write(tmp_path, "fix-AAAUSDT.csv", set_value(bar_frame(), 5, close=105.25))], "bars", **SPOT, known_at=known
    )
    assert (told.accepted, told.unchanged, told.revised) == (0, 23, 1)
    assert _closes(lake, known)[5] == 105.25
    assert _closes(lake, known - 1)[5] == 105.0
    assert _closes(lake, NOW_US, snapshot=1)[5] == 105.0
    assert len(_closes(lake, NOW_US)) == 24


def test_a_column_that_a_revision_does_not_carry_keeps_its_value(lake: Lake, tmp_path: Path) -> None:
    rich = bar_frame().with_columns(trades=pl.int_range(24) + 1)
    lake.ingest([write(tmp_path, "AAAUSDT.csv", rich)], "bars", **SPOT)
    poor = set_value(bar_frame(), 0, close=100.25)
    lake.ingest([write(tmp_path, "fix-AAAUSDT.csv", poor)], "bars", **SPOT, known_at=NOW_US - 1)
    first = lake.read("bars", **DAY, as_of_us=NOW_US).to_pylist()[0]
    assert (first["close"], first["trades"]) == (100.25, 1)


def test_a_late_delivery_between_two_equal_ones_makes_them_versions(lake: Lake, tmp_path: Path) -> None:
    times = [START_US + days * 24 * US_PER_HOUR for days in (10, 30, 20)]
    for known, price in zip(times, (10.0, 10.0, 20.0), strict=True):
        lake.ingest([write(tmp_path, "AAAUSDT.csv", bar_frame(price=price))], "bars", **SPOT, known_at=known)
    assert [_closes(lake, known)[0] for known in sorted(times)] == [10.0, 20.0, 10.0]


def test_duplicate_bars_that_disagree_are_both_kept_and_one_wins_by_rule(lake: Lake, tmp_path: Path) -> None:
    twice = pl.concat([bar_frame(), set_value(bar_frame(), 3, close=103.5)[3:4]])
    told = lake.ingest([write(tmp_path, "AAAUSDT.csv", twice)], "bars", **SPOT)
    assert (told.accepted, told.quarantined, told.findings) == (25, 0, 1)
    (finding,) = lake.findings().to_pylist()
    evidence = json.loads(finding["evidence"])
    assert (finding["kind"], finding["symbol"], finding["at_us"]) == ("conflict", "AAAUSDT", START_US + 3 * US_PER_HOUR)
    assert {evidence["winner"]["close"], evidence["loser"]["close"]} == {103.0, 103.5}
    assert _closes(lake, NOW_US)[3] == evidence["winner"]["close"]
    assert lake.query("SELECT count(*) FROM bars_observations", ()) == [(1,)]


def test_the_more_trusted_source_wins_whichever_comes_first(tmp_path: Path) -> None:
    outcomes = []
    for order in (("trusted", "other"), ("other", "trusted")):
        with Lake(tmp_path / order[0], sources=("trusted",)) as lake:
            for source in order:
                price = 100.0 if source == "trusted" else 100.25
                lake.ingest(
                    [write(tmp_path, f"{source}-AAAUSDT.csv", bar_frame(price=price))], "bars", **{**SPOT, "source": source}
                )
            outcomes.append((_closes(lake, NOW_US), lake.content_digest("v", Market.SPOT, US_PER_HOUR, NOW_US)))
            assert lake.findings().num_rows == 24
    assert outcomes[0] == outcomes[1]
    assert outcomes[0][0][0] == 100.0


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"open": 0.0}, "non_positive_price"),
        ({"low": -1.0}, "non_positive_price"),
        ({"high": 90.0}, "high_below_low"),
        ({"high": 104.9, "low": 104.0, "open": 104.5}, "high_below_body"),
        ({"low": 104.8, "open": 104.7}, "low_above_body"),
        ({"volume": -1.0}, "negative_volume"),
        ({"close": float("nan")}, "no_number_in_close"),
        ({"volume": None}, "no_number_in_volume"),
        ({"open_time": (START_US + 5 * US_PER_HOUR) // 1000 + 1}, "off_grid"),
        ({"symbol": None}, "no_symbol"),
        ({"symbol": "AAA\0USDT"}, "unreadable_symbol"),
        ({"open_time": None}, "no_time"),
    ],
)
def test_a_bad_row_is_quarantined_with_its_reason_and_the_rest_is_kept(
    lake: Lake, tmp_path: Path, change: dict[str, object], reason: str
) -> None:
    frame = set_value(bar_frame(), 5, **change)
    told = lake.ingest([write(tmp_path, "AAAUSDT.parquet", frame)], "bars", **SPOT)
    assert (told.accepted, told.quarantined, told.reasons) == (23, 1, ((reason, 1),))
    (row,) = lake.quarantine().to_pylist()
    assert row["reason"] == reason
    assert json.loads(row["payload"])["row"] == 5
    assert 105.0 not in _closes(lake, NOW_US)


def test_a_bar_known_or_received_before_it_closed_is_unfinished(lake: Lake, tmp_path: Path) -> None:
    known = START_US + 23 * US_PER_HOUR
    told = lake.ingest([write(tmp_path, "AAAUSDT.csv", bar_frame())], "bars", **SPOT, known_at=known)
    assert (told.accepted, told.reasons) == (23, (("unfinished", 1),))
    early = {**SPOT, "received_us": START_US + 20 * US_PER_HOUR}
    told = lake.ingest([write(tmp_path, "BBBUSDT.csv", bar_frame("BBBUSDT"))], "bars", **early)
    assert (told.accepted, told.reasons) == (20, (("unfinished", 4),))


def test_bad_files_are_quarantined_and_good_files_of_the_same_delivery_kept(lake: Lake, tmp_path: Path) -> None:
    folder = tmp_path / "in"
    write(folder, "AAAUSDT.parquet", bar_frame())
    (folder / "BBBUSDT.parquet").write_bytes(b"PAR1 truncated")
    write(folder, "CCCUSDT.csv", bar_frame("CCCUSDT").drop("close"))
    mixed = bar_frame("DDDUSDT")
    write(folder, "DDDUSDT.csv", set_value(mixed, 3, open_time=int(mixed["open_time"][3]) // 1000))
    (folder / "EEEUSDT.csv").write_bytes(b"")
    told = lake.ingest([folder], "bars", **SPOT)
    assert (told.accepted, told.quarantined) == (24, 1 + 24 + 24 + 1)
    reasons = {file.origin: file.reason or "" for file in told.files}
    assert reasons["in/AAAUSDT.parquet"] == ""
    assert "not readable as Parquet" in reasons["in/BBBUSDT.parquet"]
    assert "missing column close" in reasons["in/CCCUSDT.csv"]
    assert "mixed epoch units ['ms', 's']" in reasons["in/DDDUSDT.csv"]
    assert "empty" in reasons["in/EEEUSDT.csv"]
    assert len(_reasons(lake)) == 4
    again = lake.ingest([folder], "bars", **SPOT)
    assert (again.unchanged, again.quarantined, len(_reasons(lake))) == (24, 50, 4)


def test_nothing_usable_is_refused_and_still_quarantined(lake: Lake, tmp_path: Path) -> None:
    (tmp_path / "AAAUSDT.parquet").write_bytes(b"PAR1 truncated")
    for _ in range(2):
        with pytest.raises(Refused, match=r"nothing usable among 1 files.*not readable as Parquet"):
            lake.ingest([tmp_path / "AAAUSDT.parquet"], "bars", **SPOT)
    assert len(_reasons(lake)) == 1
    (tmp_path / "empty").mkdir()
    with pytest.raises(Refused, match="found none"):
        lake.ingest([tmp_path / "empty"], "bars", **SPOT)


def test_a_stated_interval_that_the_times_contradict_is_refused(lake: Lake, tmp_path: Path) -> None:
    with pytest.raises(Refused, match="stated interval 15 minutes, but the commonest step is 60 minutes"):
        lake.ingest([write(tmp_path, "AAAUSDT.csv", bar_frame())], "bars", **SPOT, interval_us=15 * US_PER_MINUTE)


def test_a_file_of_one_bar_takes_its_neighbours_interval(lake: Lake, tmp_path: Path) -> None:
    write(tmp_path / "in", "AAAUSDT.csv", bar_frame())
    write(tmp_path / "in", "BBBUSDT.csv", bar_frame("BBBUSDT", [7]))
    assert lake.ingest([tmp_path / "in"], "bars", **SPOT).accepted == 25


def test_a_file_without_symbol_column_takes_it_from_its_name(lake: Lake, tmp_path: Path) -> None:
    lake.ingest([write(tmp_path, "ZZZUSDT-1h-2024-01.csv", bar_frame().drop("symbol"))], "bars", **SPOT)
    assert {series.symbol for series in lake.describe()} == {"ZZZUSDT"}


def test_linear_bars_of_a_coin_without_such_a_perpetual_are_filed_as_spot(lake: Lake, tmp_path: Path) -> None:
    for symbol in ("SHIBUSDT", "BTCUSDT"):
        write(tmp_path / "in", f"{symbol}.csv", bar_frame(symbol))
    told = lake.ingest([tmp_path / "in"], "bars", **{**SPOT, "venue": "binance", "market": Market.LINEAR})
    assert told.accepted == 48
    assert {(series.symbol, series.market) for series in lake.describe()} == {
        ("SHIBUSDT", Market.SPOT),
        ("BTCUSDT", Market.LINEAR),
    }
    (finding,) = lake.findings().to_pylist()
    assert (finding["kind"], finding["symbol"]) == ("wrong_market", "SHIBUSDT")
    assert json.loads(finding["evidence"])["perpetual"] == "1000SHIBUSDT"


def test_unknown_table_is_refused(lake: Lake, tmp_path: Path) -> None:
    with pytest.raises(Refused, match="unknown table 'ticks'"):
        lake.ingest([tmp_path], "ticks", **SPOT)


def test_funding_follows_the_same_law(lake: Lake, tmp_path: Path) -> None:
    stamps = pl.DataFrame(
        {"funding_time": [START_US // 1000 + hour * 3_600_000 for hour in (0, 8, 16)], "funding_rate": [0.0001, 0.0002, -0.0001]}
    )
    linear = {**SPOT, "market": Market.LINEAR}
    told = lake.ingest([write(tmp_path, "AAAUSDT.csv", stamps)], "funding", **linear)
    assert told.accepted == 3
    fixed = set_value(stamps, 1, funding_rate=0.0003)
    told = lake.ingest([write(tmp_path, "fix-AAAUSDT.csv", fixed)], "funding", **linear, known_at=NOW_US - 5)
    assert (told.revised, told.unchanged) == (1, 2)
    read = {"venue": "v", "market": Market.LINEAR, "start_us": START_US, "end_us": NOW_US}
    assert lake.read("funding", **read, as_of_us=NOW_US)["funding_rate"].to_pylist() == [0.0001, 0.0003, -0.0001]
    assert lake.read("funding", **read, as_of_us=NOW_US - 6)["funding_rate"].to_pylist() == [0.0001, 0.0002, -0.0001]
