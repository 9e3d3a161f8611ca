"""A feed as an asset: the same step as `factory fetch`, its rows and checks as Dagster keeps them; and who waits for whom."""

import fcntl
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from assets import feeds as assets
from assets.lake_care import lake_care
from assets.resources import FeedHome
from data_lake.feeds.declaration import Feeds
from domain.errors import Refused
from domain.times import iso
from steps import feed_checks, feeds
from steps import home as homes
from steps.home import Home
from tests.integration.feed_world import BARS, HOURS, LAYOUT, NOW_US, START_US, SYMBOLS, declared, digest, fetch


def local(archives: Path, **changes: Any) -> Feeds:
    return declared({**BARS, "url": f"file://{archives}/{LAYOUT}", "checksum": ".CHECKSUM", **changes})


def test_a_materialised_feed_is_in_the_lake_with_its_rows_and_its_checks(
    archives: Path, expected: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home, told = Home(tmp_path / "home"), local(archives, stale_after_hours=24)
    for module in (feeds, feed_checks):
        monkeypatch.setattr(module, "load_feeds", lambda: told)
        monkeypatch.setattr(module, "now_us", lambda: NOW_US)
    (feed,) = told.feeds
    made = dg.materialize(
        [assets.feed_asset(feed), assets.feed_checks(feed)], resources={"feed_home": FeedHome(home=str(home.root))}
    )
    (brought,) = made.asset_materializations_for_node("feeds__a_feed")
    assert brought.asset_key.path == ["feeds", "a-feed"]
    rows = HOURS * len(SYMBOLS)
    assert (brought.metadata["dagster/row_count"].value, brought.metadata["accepted"].value) == (rows, rows)
    assert brought.metadata["newest"].value == iso(START_US + HOURS * 3_600_000_000)
    passed = {item.check_name: (item.passed, item.severity) for item in made.get_asset_check_evaluations()}
    assert passed == {
        "fresh_events": (False, dg.AssetCheckSeverity.ERROR),  # a month later
        "sound": (True, dg.AssetCheckSeverity.WARN),
        "taken_in": (True, dg.AssetCheckSeverity.WARN),
    }
    assert digest(home) == expected
    assert fetch(home, told)["files"] == []  # `factory fetch` finds nothing that the asset did not bring


def test_one_fetch_of_a_feed_at_a_time(archives: Path, tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    folder = home.root / "fetching" / "a-feed"
    folder.mkdir(parents=True)
    with (folder / ".lock").open("w") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        with pytest.raises(Refused, match="another fetch of a-feed"):
            fetch(home, local(archives))


def test_a_fetch_waits_for_the_run_that_holds_the_home(archives: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = Home(tmp_path / "home")
    home.root.mkdir()
    with (home.root / ".lock").open("w") as run:
        fcntl.flock(run, fcntl.LOCK_EX)
        waited: list[float] = []

        def pause(seconds: float) -> None:
            if seconds:  # the first attempt at a file pauses for nothing
                waited.append(seconds)
                fcntl.flock(run, fcntl.LOCK_UN)

        monkeypatch.setattr(homes.time, "sleep", pause)
        assert fetch(home, local(archives))["accepted"] == HOURS * len(SYMBOLS)
        assert len(waited) == 1
        fcntl.flock(run, fcntl.LOCK_EX)
        with pytest.raises(Refused, match="another run holds"), home.locked():
            pass


def test_the_care_of_the_lake_is_an_asset_that_fails_where_the_lake_is_not_whole(
    archives: Path, expected: str, tmp_path: Path
) -> None:
    home = Home(tmp_path / "home")
    fetch(home, local(archives))
    resources = {"feed_home": FeedHome(home=str(home.root))}
    cared = dg.materialize([lake_care], resources=resources)
    (check,) = cared.get_asset_check_evaluations()
    assert (check.check_name, check.passed) == ("whole", True)
    assert digest(home) == expected
    file = next((home.root / "lake" / "data").rglob("bars_current/**/*.parquet"))
    file.write_bytes(file.read_bytes()[:-1])
    (check,) = dg.materialize([lake_care], resources=resources).get_asset_check_evaluations()
    assert not check.passed
    assert f"file_size: {file}" in str(check.description)
    assert file.exists()
