"""Red data stops the line before capital: what was issued stays, and the report says which table, which finding, what to do."""

import html
import json
import re
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from data_lake.feeds.declaration import Feeds
from domain.errors import Refused
from domain.market import Market
from domain.times import Cycle
from steps import validate as validation
from steps.artefacts import load_bytes
from steps.as_of_view import as_of_view
from steps.home import Home
from steps.ingest import ingest, last_cycle_in_lake
from steps.run import Check, Run, Source
from tests.line import DAYS, World, allocations_of, here, log_of
from tests.small_market import SYMBOLS, cycle_after, hourly_bars, write_market

NEXT = cycle_after(DAYS + 1).label


@pytest.fixture
def home(world: World, tmp_path: Path) -> Path:
    return world.copy(tmp_path / "home")


def words(home: Path, cycle: str) -> str:
    """The text of a cycle's daily report."""
    page = (home / "reports" / cycle / "index.html").read_text()
    return html.unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page)))


def reused_ticker(folder: Path) -> Path:
    """A day more of the market, and a coin whose ticker comes back after ten days at twenty times the price."""
    write_market(folder, DAYS + 1)
    bars = hourly_bars(DAYS + 1)["SOLUSDT"].with_columns(symbol=pl.lit("LUNAUSDT"))
    prices = ("open", "high", "low", "close")
    after = bars.tail(240).with_columns(pl.col(name) * 20 for name in prices)
    pl.concat([bars.head(len(bars) - 480), after]).write_parquet(folder / "bars" / "LUNAUSDT.parquet")
    return folder


def test_a_red_table_stops_the_line_before_capital_and_the_report_says_so(world: World, home: Path, tmp_path: Path) -> None:
    assert "ASSUMED the lake holds no kraken spot USDTUSD" in words(home, world.cycle)
    documents = {path.name: path.read_bytes() for path in (home / "allocations").iterdir()}
    yesterday, log = (home / "reports" / world.cycle / "index.html").read_bytes(), log_of(home)
    answer = here("run", "--data", reused_ticker(tmp_path / "red"), "--home", home, "--json")
    assert answer.code == 1
    assert "step validate: data_quality: bars of binance linear: 1 finding of ticker_reuse (LUNAUSDT" in answer.sentence
    assert {path.name: path.read_bytes() for path in (home / "allocations").iterdir()} == documents
    assert (home / "reports" / world.cycle / "index.html").read_bytes() == yesterday
    assert log_of(home) == log

    page = words(home, NEXT)
    assert "STOPPED" in page
    assert "Needs you (1)" in page
    assert "RED bars of binance linear: 1 finding of ticker_reuse (LUNAUSDT" in page
    assert "To do: take the symbol out of what is delivered" in page
    for row in world.answer["allocations"]:
        assert re.search(rf"{row['pod']} {world.cycle} {row['tier']} {row['max_gross_usd_cents'] // 100:,} ", page), row["pod"]
    assert f"--cycle {NEXT}" in page
    assert "green" in page

    data = json.loads((home / "reports" / NEXT / "data" / "quality.json").read_text())
    assert [(table["table"], [reason["kind"] for reason in table["red"]]) for table in data["tables"]] == [
        ("bars", ["ticker_reuse"]), ("funding", []),
    ]  # fmt: skip


def feed(**changes: Any) -> dict[str, Any]:
    return {
        "name": "binance-files", "url": "ccxt://binance", "table": "bars", "venue": "binance", "market": "linear",
        "interval": "1h", "symbols": list(SYMBOLS), "stale_after_hours": 12, **changes,
    }  # fmt: skip


def test_a_feed_older_than_it_declares_is_red(world: World, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A day after the newest bar: the desk's own rule of 24 hours holds still."""
    run = Run(Home(home), Cycle.parse(NEXT), Source((), Market.LINEAR, "binance"))
    assert ingest(run).headline.startswith("nothing by hand")
    monkeypatch.setattr(validation, "validate_batch", lambda *_: validation.BatchValidation(True, (), Path("index.html")))

    def judged(*feeds: dict[str, Any]) -> Check:
        declared = Feeds.parse({"feeds": list(feeds)}, "test")
        monkeypatch.setattr(validation, "load_feeds", lambda: declared)
        (check,) = validation.validate(run).checks
        return check

    assert judged(feed(name="brought-nothing"), feed(stale_after_hours=24)).passed
    check = judged(feed(), feed(name="also-brought-nothing", table="funding", interval=None))
    assert not check.passed
    assert "bars of binance linear: 4 findings of stale (BTCUSDT" in check.sentence
    assert "`factory fetch`" in check.sentence
    with pytest.raises(Refused, match="findings of stale"):
        as_of_view(run)
    assert "RED bars of binance linear: 4 findings of stale" in words(home, NEXT)


@pytest.mark.soak
def test_a_run_from_the_lake_sees_what_the_run_that_delivered_saw(
    world: World, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert last_cycle_in_lake(Home(home), "binance", Market.LINEAR).label == world.cycle
    with pytest.raises(Refused, match="holds no spot bars"):
        last_cycle_in_lake(Home(home), "binance", Market.SPOT)
    run = Run(Home(home), Cycle.parse(world.cycle), Source((), Market.LINEAR, "binance"))
    monkeypatch.setattr(validation, "validate_batch", lambda *_: validation.BatchValidation(True, (), Path("index.html")))
    for step in (ingest, validation.validate, as_of_view):
        step(run)
    assert load_bytes(run, "view.json") == allocations_of(world.home, world.cycle)["view.json"]
