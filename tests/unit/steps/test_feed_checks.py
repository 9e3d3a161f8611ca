"""What the UI says of a feed's table, judged at a stated moment."""

from pathlib import Path
from typing import Any

import polars as pl
import pytest

from data_lake.feeds.declaration import Feeds
from data_lake.lake import Lake
from domain.market import Market
from domain.times import US_PER_HOUR
from steps.feed_checks import check_feed
from steps.home import Home
from steps.run import Check
from tests.unit.data_lake.bars import NOW_US, START_US, bar_frame, set_value, write

CLOSED_US = START_US + 24 * US_PER_HOUR
FEED = {
    "name": "hourly", "url": "file:///vendor/{symbol}.csv", "table": "bars", "venue": "v", "market": "spot", "interval": "1h",
    "symbols": ["AAAUSDT"], "stale_after_hours": 3,
}  # fmt: skip


def judged(home: Home, at_us: int = CLOSED_US + US_PER_HOUR, **changes: Any) -> dict[str, Check]:
    feeds = Feeds.parse({"feeds": [FEED | changes]}, "test")
    return {check.name: check for check in check_feed(home, "hourly", feeds=feeds, at_us=at_us).checks}


def deliver(home: Home, folder: Path, frame: pl.DataFrame) -> None:
    with Lake(home.root, threads=1) as lake:
        said = {"venue": "v", "market": Market.SPOT, "received_us": NOW_US, "source": "hourly", "interval_us": US_PER_HOUR}
        lake.ingest([write(folder, "bars.csv", frame)], "bars", **said)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    home = Home(tmp_path / "home")
    sound = bar_frame()
    before = bar_frame("RED", range(-400, -300), 1_400.0).with_columns(volume=pl.lit(1.0))
    reused = pl.concat([before, bar_frame("RED", range(24), 5.0)])
    bad = set_value(bar_frame("BAD"), 3, high=1.0)
    deliver(home, tmp_path, pl.concat([sound, reused, bad]))
    return home


def test_only_the_feeds_own_symbols_are_judged(home: Home) -> None:
    checks = judged(home)
    assert [check.passed for check in checks.values()] == [True, True, False]
    assert "1 of the last delivery in quarantine" in checks["taken_in"].sentence
    red = judged(home, symbols=["RED"])["sound"]
    assert (red.passed, red.blocking, red.facts["red: ticker_reuse"]) == (False, True, 1)
    assert "take the symbol out" in red.sentence


def test_stale_is_an_error_and_nothing_yet_a_warning(home: Home) -> None:
    assert judged(home, CLOSED_US + 3 * US_PER_HOUR)["fresh_events"].passed
    late = judged(home, CLOSED_US + 3 * US_PER_HOUR + 1)["fresh_events"]
    assert (late.passed, late.blocking) == (False, True)
    assert "AAAUSDT" in late.sentence
    waiting = judged(home, symbols=["AAAUSDT", "NEWUSDT"])["fresh_events"]
    assert (waiting.passed, "never came: NEWUSDT" in waiting.sentence) == (True, True)
    none = judged(home, symbols=["NEWUSDT"])["fresh_events"]
    assert (none.passed, none.blocking, "factory fetch hourly" in none.sentence) == (False, False, True)
    assert judged(home, CLOSED_US + 99 * US_PER_HOUR, stale_after_hours=None)["fresh_events"].passed
