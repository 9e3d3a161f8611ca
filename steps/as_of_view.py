"""The one view of the lake that everything after it uses: what was known at the time of the decision."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from data_lake.lake import Lake
from data_lake.read import Series
from domain.errors import Refused
from domain.market import Market, Panel
from domain.model import Frozen
from domain.times import US_PER_DAY, iso
from steps.artefacts import load_json, save_json
from steps.run import Run, StepResult
from steps.simulation import simulated_market


class DataView(Frozen):
    """By reference: which rows of the lake, as known when."""

    venue: str
    market: Market
    interval_us: int
    start_us: int
    end_us: int
    as_of_us: int
    symbols: tuple[str, ...]
    content_digest: str
    """Over the bars in key order: the same content gives the same digest in any lake."""
    funding_digest: str


@dataclass(frozen=True)
class LocatedView:
    """A view and the lake's own number for what it held; the number is kept out of everything that is hashed."""

    view: DataView
    snapshot: int


def as_of_view(run: Run) -> StepResult:
    """Fix the data of the decision: bars closed by the cycle's midnight, as known at its issue time, from one snapshot.

    Refused where quality is red: a stale or broken table blocks the line.
    """
    quality = load_json(run, "quality")
    if quality["red"]:
        raise Refused(f"data quality blocks cycle {run.cycle.label}: {'; '.join(quality['red'])}")
    with Lake(run.home.root) as lake:
        located = locate(
            lake, run.source.venue, run.source.market, run.cycle.closes_us, run.cycle.issued_us, from_us=first_us_of(run)
        )
    save_json(run, "view", located.view.model_dump(mode="json"))
    save_json(run, "snapshot", {"snapshot": located.snapshot})
    panel = load_panel(run)
    return StepResult(
        headline=f"{len(panel.symbols)} symbols, {len(panel.open_time_us):,} bars of {panel.interval_us // 60_000_000} minutes, "
        f"as known at {iso(located.view.as_of_us)}",
        facts={
            "symbols": len(panel.symbols),
            "bars": int(np.isfinite(panel.close).sum()),
            "from": iso(located.view.start_us),
            "to": iso(located.view.end_us),
            "snapshot": located.snapshot,
            "content_digest": located.view.content_digest,
        },
    )


def first_us_of(run: Run) -> int:
    """Where a run's data may begin: a laboratory is judged on its own window, however long its home has been running."""
    return simulated_market(run.cycle).window.first_open_us if run.source.simulated else 0


def series_of(lake: Lake, venue: str, market: Market, end_us: int, as_of_us: int, from_us: int = 0) -> tuple[Series, ...]:
    """The bar series of one venue and market between `from_us` and `end_us`, all on the interval with the most bars.

    Raises Refused where the lake holds none by then.
    """
    series = [
        item
        for item in lake.describe(as_of_us=as_of_us)
        if item.table == "bars"
        and (item.venue, item.market) == (venue, market)
        and item.first_us < end_us
        and item.last_us >= from_us
    ]
    if not series:
        raise Refused(
            f"the lake holds no {market} bars of {venue!r} before {iso(end_us)}: ingest them first (`factory ingest`), "
            "or give the cycle, venue and market that it holds"
        )
    counts: dict[int, int] = {}
    for item in series:
        step = item.interval_us or 0
        counts[step] = counts.get(step, 0) + item.rows
    most = max(counts, key=lambda step: (counts[step], step))
    return tuple(item for item in series if item.interval_us == most)


def start_of(series: Sequence[Series], from_us: int) -> int:
    """The UTC midnight that starts the day of the first bar, or `from_us` where the bars begin before it."""
    return max(min(item.first_us for item in series) // US_PER_DAY * US_PER_DAY, from_us)


def locate(lake: Lake, venue: str, market: Market, end_us: int, as_of_us: int, from_us: int = 0) -> LocatedView:
    """The view of one venue and market up to `end_us`. Raises Refused where the lake holds no bars of them by then."""
    chosen = series_of(lake, venue, market, end_us, as_of_us, from_us)
    interval_us = chosen[0].interval_us
    start_us = start_of(chosen, from_us)
    snapshot = lake.snapshot()
    spans = {"start_us": start_us, "end_us": end_us, "snapshot": snapshot}
    view = DataView(
        venue=venue,
        market=market,
        interval_us=interval_us,
        start_us=start_us,
        end_us=end_us,
        as_of_us=as_of_us,
        symbols=tuple(sorted(item.symbol for item in chosen)),
        content_digest=lake.content_digest(venue, market, interval_us, as_of_us, table="bars", **spans),
        funding_digest=lake.content_digest(venue, market, None, as_of_us, table="funding", **spans),
    )
    return LocatedView(view, snapshot)


def load_view(run: Run) -> DataView:
    return DataView.parse(load_json(run, "view"), origin="view.json")


def load_panel(run: Run) -> Panel:
    """The panel of the cycle's view; read once in a process."""
    snapshot = load_json(run, "snapshot")["snapshot"]
    return panel_of(run.home.root, load_view(run), snapshot)


@lru_cache(maxsize=2)
def panel_of(home: Path, view: DataView, snapshot: int) -> Panel:
    """Read a view from the lake as a panel."""
    with Lake(home) as lake:
        return lake.panel(
            view.venue,
            view.market,
            view.interval_us,
            view.start_us,
            view.end_us,
            view.as_of_us,
            symbols=view.symbols,
            snapshot=snapshot,
        )
