"""A home that runs the laboratory every day is told new rows only, and what it decided on stays what it was."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from data_lake.ingest import IngestReport
from data_lake.lake import Lake
from domain.market import Panel
from domain.times import US_PER_DAY, Cycle, UtcUs
from laboratory.deliveries import deliveries
from laboratory.market import INTERVAL_US, SimulatedMarket, generate
from laboratory.settings import LaboratorySettings
from steps.ingest import write_files
from steps.simulation import laboratory_settings

DAYS = 75
LIVE = 11
"""Of twelve symbols one is gone in March."""
ARRAYS = ("open_time_us", "open", "high", "low", "close", "volume", "taker_buy_volume", "funding_rate")


@pytest.fixture
def lake(tmp_path: Path) -> Iterator[Lake]:
    with Lake(tmp_path / "home") as opened:
        yield opened


def two_days(label: str) -> tuple[tuple[Cycle, SimulatedMarket], ...]:
    world = LaboratorySettings.parse(laboratory_settings().model_dump(mode="json") | {"days": DAYS}, "test")
    first = Cycle.parse(label)
    return tuple((cycle, generate(world.seed, cycle.closes_us, world)) for cycle in (first, Cycle.after(first.closes_us)))


def deliver(lake: Lake, cycle: Cycle, market: SimulatedMarket, folder: Path) -> dict[str, IngestReport]:
    return {
        batch.name: lake.ingest(
            write_files(batch, folder / cycle.label / batch.name),
            batch.table,
            venue=market.panel.venue,
            market=market.panel.market,
            known_at=batch.known_at if batch.known_at == "published" else UtcUs(batch.known_at),
            received_us=cycle.issued_us,
            source=f"laboratory-{batch.name}",
        )
        for batch in deliveries(market)
    }


def read(lake: Lake, cycle: Cycle, market: SimulatedMarket) -> Panel:
    """As the cycle sees it, whatever has come since."""
    panel = market.panel
    start_us = cycle.closes_us - DAYS * US_PER_DAY
    return lake.panel(panel.venue, panel.market, INTERVAL_US, start_us, cycle.closes_us, cycle.issued_us, panel.symbols)


def assert_same(got: Panel, expected: Panel) -> None:
    assert got.symbols == expected.symbols
    for name in ARRAYS:
        np.testing.assert_array_equal(getattr(got, name), getattr(expected, name), err_msg=name)


def counts(report: IngestReport) -> tuple[int, int, int, int]:
    return report.accepted, report.unchanged, report.revised, report.quarantined


def conflicts(lake: Lake) -> list[str]:
    return [kind for kind in lake.findings()["kind"].to_pylist() if kind == "conflict"]


def test_the_next_cycle_brings_its_day_and_changes_nothing(lake: Lake, tmp_path: Path) -> None:
    (cycle, market), (following, next_market) = two_days("2026-03-01")
    deliver(lake, cycle, market, tmp_path)
    assert_same(read(lake, cycle, market), market.panel)
    told = deliver(lake, following, next_market, tmp_path)
    bars, stamps = (int(np.isfinite(values).sum()) for values in (next_market.panel.close, next_market.panel.funding_rate[::8]))
    assert counts(told["history"]) == (24 * LIVE, bars - 24 * LIVE, 0, 0)
    assert counts(told["funding"]) == (3 * LIVE, stamps - 3 * LIVE, 0, 0)
    assert counts(told["revision"]) == (0, 24, 0, 0)
    assert counts(told["snapshot"]) == (0, 5, 0, 1)
    assert conflicts(lake) == []
    assert_same(read(lake, cycle, market), market.panel)
    assert_same(read(lake, following, next_market), next_market.panel)


def test_a_revision_between_two_cycles_is_seen_by_the_second_alone(lake: Lake, tmp_path: Path) -> None:
    (cycle, market), (following, next_market) = two_days("2026-01-30")
    assert "revision" not in deliver(lake, cycle, market, tmp_path)
    told = deliver(lake, following, next_market, tmp_path)
    assert counts(told["revision"]) == (0, 0, 24, 0)
    assert told["history"].revised == 0
    assert conflicts(lake) == []
    assert_same(read(lake, cycle, market), market.panel)
    assert_same(read(lake, following, next_market), next_market.panel)
