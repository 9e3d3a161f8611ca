"""What decisions saw otherwise is what as-of reads at their own moments say."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from data_lake.lake import Lake
from domain.market import Market, Panel
from domain.times import US_PER_HOUR, US_PER_MINUTE
from tests.unit.data_lake.bars import NOW_US, START_US, bar_frame, set_value, write

WHERE = {"venue": "v", "market": Market.LINEAR, "received_us": NOW_US, "source": "vendor"}
HOURS = 48
LAG_US = US_PER_MINUTE
MOMENTS = (4, 5, 7, 9, 12, 13, 14, 18, 19, 21, 22, 24, 27, 28, 29, 30, 31, 32, 34, 35, 47)
"""Decisions before and after each thing that happens in the story."""
SECOND_STAMP = 8
"""One stamp shows no step and so covers nothing: before this hour nobody knows that the hours around it are free of funding."""


def panel(lake: Lake, as_of_us: int) -> Panel:
    return lake.panel("v", Market.LINEAR, US_PER_HOUR, START_US, START_US + HOURS * US_PER_HOUR, as_of_us, ["AAAUSDT", "BBBUSDT"])


def hour(number: int) -> int:
    return START_US + number * US_PER_HOUR


def funding(symbol: str, rates: dict[int, float]) -> pl.DataFrame:
    stamps = [hour(number) // 1000 for number in rates]
    return pl.DataFrame({"symbol": [symbol] * len(rates), "funding_time": stamps, "funding_rate": list(rates.values())})


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lake]:
    """Bars 5 and 6 of one symbol corrected at 20:00, 5 again at 30:00, bar 10 late; a rate corrected, a rate very late."""
    tmp_path = tmp_path_factory.mktemp("story")
    with Lake(tmp_path / "home", threads=1) as opened:
        yield told(opened, tmp_path)


def told(lake: Lake, tmp_path: Path) -> Lake:
    def correct(name: str, frame: pl.DataFrame, known: int) -> None:
        lake.ingest([write(tmp_path, name, frame)], "bars", **WHERE, interval_us=US_PER_HOUR, known_at=hour(known))

    first = bar_frame("AAAUSDT", range(HOURS)).filter(pl.int_range(pl.len()) != 10)
    lake.ingest([write(tmp_path, "a.csv", pl.concat([first, bar_frame("BBBUSDT", range(HOURS))]))], "bars", **WHERE)
    correct("b.csv", set_value(bar_frame("AAAUSDT", [5, 6]), 0, close=104.9, volume=99.0).with_columns(volume=99.0), 20)
    correct("c.csv", set_value(bar_frame("AAAUSDT", [5]), 0, close=105.1), 30)
    correct("d.csv", bar_frame("AAAUSDT", [10]), 14)
    correct("e.csv", bar_frame("BBBUSDT", [12]).with_columns(quote_volume=1.0), 18)  # no panel carries it
    paid = {number: 1e-4 * (1 + number) for number in range(0, HOURS, 8) if number != 24}
    stated = pl.concat([funding("AAAUSDT", paid), funding("BBBUSDT", paid | {24: 5e-4})])
    lake.ingest([write(tmp_path, "f.csv", stated)], "funding", **WHERE)
    lake.ingest([write(tmp_path, "g.csv", funding("AAAUSDT", {16: 9e-4}))], "funding", **WHERE, known_at=hour(22))
    lake.ingest([write(tmp_path, "h.csv", funding("AAAUSDT", {24: 8e-4}))], "funding", **WHERE, known_at=hour(35))
    return lake


def test_every_decision_s_panel_is_today_s_with_the_cells_of_its_time(story: Lake) -> None:
    latest = panel(story, NOW_US)
    known = story.known_otherwise(latest, NOW_US, decision_lag_us=LAG_US, snapshot=story.snapshot())
    assert known.in_time_share == pytest.approx(1 - 1 / (2 * HOURS))
    for t in MOMENTS:
        moment = int(latest.close_time_us[t]) + LAG_US
        then = panel(story, moment)
        for name in ("open", "high", "low", "close", "volume", "funding_rate"):
            values = getattr(latest, name).copy()
            for row, column, since, until, value in zip(*known.cells[name], strict=True):
                if since <= moment < until:
                    values[row, column] = value
            if name != "funding_rate" or t > SECOND_STAMP:
                assert np.array_equal(values[: t + 1], getattr(then, name)[: t + 1], equal_nan=True), (t, name)
    assert len(known.cells["close"].row) == 4  # bar 5 twice, bar 6 and the late bar 10 once


def test_what_the_panel_does_not_know_yet_is_no_version_of_it(story: Lake) -> None:
    """As of 25:00 the bar corrected at 30:00 still is what it was from 20:00 on."""
    before = panel(story, hour(25))
    cells = story.known_otherwise(before, hour(25), decision_lag_us=LAG_US).cells["close"]
    assert sorted(zip(cells.row.tolist(), cells.until_us.tolist(), strict=True)) == [
        (5, hour(20)),
        (6, hour(20)),
        (10, hour(14)),
    ]


def test_an_earlier_snapshot_has_its_own_versions(story: Lake) -> None:
    assert story.known_otherwise(panel(story, NOW_US), NOW_US, decision_lag_us=LAG_US, snapshot=1).cells == {}


def test_a_whole_import_known_late_was_there_for_no_decision(lake: Lake, tmp_path: Path) -> None:
    lake.ingest([write(tmp_path, "a.csv", bar_frame("AAAUSDT", range(HOURS)))], "bars", **WHERE, known_at=NOW_US)
    known = lake.known_otherwise(panel(lake, NOW_US), NOW_US, decision_lag_us=LAG_US)
    assert known.in_time_share == 0.0
    assert np.isnan(known.cells["close"].value).all()


def test_data_known_in_time_has_no_other_versions(lake: Lake, tmp_path: Path) -> None:
    lake.ingest([write(tmp_path, "a.csv", bar_frame("AAAUSDT", range(HOURS)))], "bars", **WHERE)
    known = lake.known_otherwise(panel(lake, NOW_US), NOW_US, decision_lag_us=LAG_US)
    assert (known.cells, known.in_time_share) == ({}, 1.0)
