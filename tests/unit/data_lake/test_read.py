import shutil
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from data_lake.lake import Lake
from domain.errors import Refused
from domain.market import Market
from domain.times import US_PER_HOUR, US_PER_MINUTE
from tests.unit.data_lake.bars import NOW_US, START_US, bar_frame, set_value, write

SPOT = {"venue": "v", "market": Market.SPOT, "received_us": NOW_US, "source": "vendor"}
READ = {"venue": "v", "market": Market.SPOT, "start_us": START_US, "end_us": NOW_US, "as_of_us": NOW_US}


def test_rows_come_in_symbol_and_time_order_within_the_half_open_range(lake: Lake, tmp_path: Path) -> None:
    shuffled = pl.concat([bar_frame("BBBUSDT"), bar_frame("AAAUSDT")]).sample(fraction=1.0, shuffle=True, seed=1)
    lake.ingest([write(tmp_path, "all.csv", shuffled)], "bars", **SPOT)
    rows = lake.read("bars", **{**READ, "start_us": START_US + US_PER_HOUR, "end_us": START_US + 3 * US_PER_HOUR})
    hours = [(row["symbol"], (row["open_time"] - START_US) // US_PER_HOUR) for row in rows.to_pylist()]
    assert hours == [("AAAUSDT", 1), ("AAAUSDT", 2), ("BBBUSDT", 1), ("BBBUSDT", 2)]
    assert lake.read("bars", **READ, symbols=["BBBUSDT"]).num_rows == 24
    assert lake.read("bars", **READ, symbols=[]).num_rows == 0


def test_nothing_known_later_is_ever_returned(lake: Lake, tmp_path: Path) -> None:
    lake.ingest([write(tmp_path, "AAAUSDT.csv", bar_frame())], "bars", **SPOT)
    as_of = START_US + 5 * US_PER_HOUR + US_PER_MINUTE
    rows = lake.read("bars", **{**READ, "as_of_us": as_of})
    assert rows.num_rows == 5
    assert max(rows["knowledge_time"].to_pylist()) == as_of


def test_an_answer_for_a_snapshot_never_changes(lake: Lake, tmp_path: Path) -> None:
    lake.ingest([write(tmp_path, "AAAUSDT.csv", bar_frame())], "bars", **SPOT)
    before = lake.read("bars", **READ, snapshot=1)
    digest = lake.content_digest("v", Market.SPOT, US_PER_HOUR, NOW_US, snapshot=1)
    late = set_value(bar_frame(hours=range(30)), 2, close=102.5)
    lake.ingest([write(tmp_path, "late-AAAUSDT.csv", late)], "bars", **SPOT, known_at=START_US + 31 * US_PER_HOUR)
    assert lake.read("bars", **READ).num_rows == 30
    assert lake.read("bars", **READ, snapshot=1).equals(before)
    assert lake.content_digest("v", Market.SPOT, US_PER_HOUR, NOW_US, snapshot=1) == digest
    assert lake.content_digest("v", Market.SPOT, US_PER_HOUR, NOW_US) != digest
    with pytest.raises(Refused, match="unknown snapshot 3: the lake's deliveries are 1 to 2"):
        lake.read("bars", **READ, snapshot=3)


def test_two_intervals_need_a_statement(lake: Lake, tmp_path: Path) -> None:
    lake.ingest([write(tmp_path, "AAAUSDT.csv", bar_frame())], "bars", **SPOT)
    daily = bar_frame(hours=range(0, 240, 24))
    lake.ingest([write(tmp_path, "AAAUSDT-1d.csv", daily)], "bars", **SPOT)
    with pytest.raises(Refused, match="has bars of 60, 1440 minutes: state the interval"):
        lake.read("bars", **READ)
    assert lake.read("bars", **READ, interval_us=24 * US_PER_HOUR).num_rows == 10


def test_two_homes_with_the_same_facts_have_the_same_digest_in_any_order_and_thread_count(tmp_path: Path) -> None:
    files = [write(tmp_path, f"{symbol}.csv", bar_frame(symbol)) for symbol in ("AAAUSDT", "BBBUSDT")]
    digests = set()
    for threads, order in ((1, files), (2, files[::-1])):
        with Lake(tmp_path / f"home{threads}", threads=threads) as lake:
            for file in order:
                lake.ingest([file], "bars", **SPOT)
            digests.add(lake.content_digest("v", Market.SPOT, US_PER_HOUR, NOW_US))
    assert len(digests) == 1


def test_a_moved_home_still_answers(tmp_path: Path) -> None:
    with Lake(tmp_path / "here") as lake:
        lake.ingest([write(tmp_path, "AAAUSDT.csv", bar_frame())], "bars", **SPOT)
        before = lake.read("bars", **READ)
    shutil.move(tmp_path / "here", tmp_path / "there")
    with Lake(tmp_path / "there") as lake:
        assert lake.read("bars", **READ).equals(before)
        assert lake.snapshot() == 1


def test_describe_tells_what_there_is_as_of_a_time(lake: Lake, tmp_path: Path) -> None:
    assert lake.describe() == ()
    assert lake.snapshot() == 0
    lake.ingest([write(tmp_path, "AAAUSDT.csv", bar_frame())], "bars", **SPOT)
    (series,) = lake.describe()
    assert (series.table, series.symbol, series.interval_us, series.rows) == ("bars", "AAAUSDT", US_PER_HOUR, 24)
    assert (series.first_us, series.last_us) == (START_US, START_US + 23 * US_PER_HOUR)
    (early,) = lake.describe(as_of_us=START_US + 3 * US_PER_HOUR + US_PER_MINUTE)
    assert early.rows == 3


def test_a_panel_is_a_regular_grid_with_nan_where_no_bar_was(lake: Lake, tmp_path: Path) -> None:
    linear = {**SPOT, "market": Market.LINEAR}
    with_taker = bar_frame("BBBUSDT").with_columns(taker_buy_volume=pl.col("volume") / 2)
    lake.ingest([write(tmp_path, "AAAUSDT.csv", bar_frame(hours=[0, 1, 3]))], "bars", **linear)
    lake.ingest([write(tmp_path, "BBBUSDT.csv", with_taker)], "bars", **linear)
    stamps = pl.DataFrame({"funding_time": [(START_US + 8 * i * US_PER_HOUR) // 1000 for i in range(3)], "funding_rate": 0.001})
    lake.ingest([write(tmp_path / "funding", "BBBUSDT.csv", stamps)], "funding", **linear)
    panel = lake.panel("v", Market.LINEAR, US_PER_HOUR, START_US, START_US + 24 * US_PER_HOUR, NOW_US)
    assert panel.symbols == ("AAAUSDT", "BBBUSDT")
    assert panel.open_time_us.tolist() == [START_US + hour * US_PER_HOUR for hour in range(24)]
    np.testing.assert_array_equal(np.flatnonzero(~np.isnan(panel.close[:, 0])), [0, 1, 3])
    np.testing.assert_array_equal(panel.close[:, 1], 100.0 + np.arange(24))
    assert np.isnan(panel.taker_buy_volume[:, 0]).all()
    np.testing.assert_array_equal(panel.taker_buy_volume[:, 1], (10.0 + np.arange(24)) / 2)
    assert np.isnan(panel.funding_rate[:, 0]).all()
    expected = np.zeros(24)
    expected[[0, 8, 16]] = 0.001
    np.testing.assert_array_equal(panel.funding_rate[:, 1], expected)
    picked = lake.panel("v", Market.LINEAR, US_PER_HOUR, START_US, START_US + 24 * US_PER_HOUR, NOW_US, symbols=["BBBUSDT", "X"])
    assert picked.symbols == ("BBBUSDT", "X")
    assert np.isnan(picked.close[:, 1]).all()


def test_a_panel_without_bars_or_off_the_grid_is_refused(lake: Lake) -> None:
    with pytest.raises(Refused, match="no v spot bars"):
        lake.panel("v", Market.SPOT, US_PER_HOUR, START_US, START_US + US_PER_HOUR, NOW_US)
    with pytest.raises(Refused, match="on the grid"):
        lake.panel("v", Market.SPOT, US_PER_HOUR, START_US + 1, START_US + US_PER_HOUR, NOW_US)
