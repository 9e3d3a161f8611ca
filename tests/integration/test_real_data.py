"""The same line on real bars: it ends with a report, finds what the data's README lists, charges the funding that was paid."""

import html
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import polars as pl
import pytest

from data_lake.checks import check
from data_lake.lake import Lake
from domain.market import Market
from domain.times import US_PER_HOUR, Cycle, iso, parse_utc
from steps.home import REPOSITORY
from tests.line import command, made_once

MARKET = REPOSITORY.parent / "shared" / "market"
pytestmark = pytest.mark.skipif(not MARKET.exists(), reason="the shared market data is not beside this repository")

GAPS = (
    "2021-02-11T04:00:00Z",
    "2021-03-06T02:00:00Z",
    "2021-04-20T02:00:00Z",
    "2021-04-25T05:00:00Z",
    "2021-08-13T02:00:00Z",
    "2021-09-29T07:00:00Z",
    "2023-03-24T13:00:00Z",
)
"""First missing hour of each outage of the exchange, from the data's README."""
ZERO_VOLUME = ("2021-02-11T03:00:00Z", "2023-03-24T12:00:00Z")
REALLY_SPOT = ("BONKUSDT", "FLOKIUSDT", "PEPEUSDT", "SHIBUSDT")


@dataclass(frozen=True)
class Decided:
    """A home in which the line ran once on real data."""

    home: Path

    @classmethod
    def once(cls, factory: pytest.TempPathFactory, name: str, *data: str) -> Self:
        """The home of this name, made by whoever asks first."""

        def run(home: Path) -> None:
            folders = [part for one in data for part in ("--data", MARKET / one)]
            ended = command("run", *folders, "--home", home, "--json")
            assert ended.code == 0, ended.err
            (home / "answer.json").write_text(ended.out)

        return cls(made_once(factory, name, run))

    @property
    def answer(self) -> Any:
        return json.loads((self.home / "answer.json").read_text())

    def step(self, name: str) -> Any:
        """What a step of the cycle left."""
        return json.loads((self.home / "reports" / self.answer["cycle"] / "data" / f"{name}.json").read_text())

    def page(self) -> str:
        """The words of the daily report."""
        text = re.sub(r"<[^>]+>", " ", Path(self.answer["report"]).read_text())
        return html.unescape(re.sub(r"\s+", " ", text))


@pytest.fixture
def spot(tmp_path_factory: pytest.TempPathFactory) -> Decided:
    return Decided.once(tmp_path_factory, "spot", "bars_1h")


@pytest.fixture
def perpetuals(tmp_path_factory: pytest.TempPathFactory) -> Decided:
    return Decided.once(tmp_path_factory, "perpetuals", "bars_1h_perp", "funding")


def test_spot_ends_with_a_decision_on_every_package(spot: Decided) -> None:
    pods = {path.parent.name for path in (REPOSITORY / "strategies").glob("*/manifest.yaml")}
    decided = {row["pod"] for row in spot.answer["allocations"]} | set(spot.answer["refused"])
    assert (decided, spot.answer["simulated"]) == (pods, False)
    assert spot.answer["cycle"] == "2025-11-16"
    assert "carry" in spot.answer["refused"]
    assert Path(spot.answer["report"]).exists()


def test_the_gaps_and_zero_volume_bars_of_spot_are_found_exactly(spot: Decided) -> None:
    symbols = sorted(path.stem for path in (MARKET / "bars_1h").glob("*.parquet"))
    cycle = Cycle.parse(spot.answer["cycle"])
    with Lake(spot.home) as lake:
        found = check(lake, "binance", Market.SPOT, US_PER_HOUR, parse_utc("2021-01-01"), cycle.closes_us, cycle.issued_us)
    for kind, moments in (("gap", GAPS), ("zero_volume", ZERO_VOLUME)):
        seen = {(item.symbol, iso(item.at_us)) for item in found if item.kind == kind and item.at_us is not None}
        assert seen == {(symbol, moment) for symbol in symbols for moment in moments}, kind
    shown = {item["kind"]: item["count"] for item in spot.step("quality")["findings"]}
    assert (shown["gap"], shown["zero_volume"]) == (7 * len(symbols), 2 * len(symbols))
    assert f" gap {7 * len(symbols)} " in spot.page()
    assert f" zero_volume {2 * len(symbols)} " in spot.page()


def test_nothing_shorts_spot_and_nothing_is_charged_funding_there(spot: Decided) -> None:
    daily = pl.read_parquet(spot.home / "reports" / spot.answer["cycle"] / "data" / "pod_daily.parquet")
    assert (daily["net_exposure"] > -1e-9).all()
    assert (daily["component_funding"] == 0).all()
    assert spot.step("market_risk")["funding"] is None


def test_perpetuals_end_with_a_decision_on_every_package(perpetuals: Decided) -> None:
    pods = {path.parent.name for path in (REPOSITORY / "strategies").glob("*/manifest.yaml")}
    decided = {row["pod"] for row in perpetuals.answer["allocations"]} | set(perpetuals.answer["refused"])
    assert (decided, perpetuals.answer["simulated"]) == (pods, False)
    assert perpetuals.answer["cycle"] == "2025-11-16"


def test_the_files_that_are_really_spot_are_filed_as_spot_and_given_no_funding(perpetuals: Decided) -> None:
    assert not set(REALLY_SPOT) & set(perpetuals.step("view")["symbols"])
    with Lake(perpetuals.home) as lake:
        series = {(item.table, item.market, item.symbol) for item in lake.describe()}
        wrong = {row["symbol"] for row in lake.findings().to_pylist() if row["kind"] == "wrong_market"}
    assert wrong == set(REALLY_SPOT)
    for symbol in REALLY_SPOT:
        assert [(table, market) for table, market, name in sorted(series) if name == symbol] == [("bars", Market.SPOT)]


def test_a_constant_long_of_bitcoin_paid_what_is_on_record(perpetuals: Decided) -> None:
    paid = perpetuals.step("market_risk")["funding"]
    assert paid["symbol"] == "BTCUSDT"
    assert {year: round(100 * paid["by_year"][year], 1) for year in ("2021", "2024")} == {"2021": 30.6, "2024": 12.0}
    page = perpetuals.page()
    assert "what a constant long BTCUSDT paid" in page
    assert "30.6 %" in page or "30.6%" in page
    known = perpetuals.step("funding_known")
    assert 0 < known["share"] < 0.95
    assert {row["outcome"] for row in perpetuals.answer["verdicts"] if row["gate"] == "funding_known"} == {"INSUFFICIENT"}
