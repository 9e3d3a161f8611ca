"""The one view of the lake that everything after it uses: what was known at the time of the decision."""

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
        located = locate(lake, run.source.venue, run.source.market, run.cycle.closes_us, run.cycle.issued_us)
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


def series_of(lake: Lake, venue: str, market: Market, end_us: int, as_of_us: int) -> tuple[Series, ...]:
    """The bar series of one venue and market before `end_us`, all on the interval with the most bars.

    Raises Refused where the lake holds none by then.
    """
    series = [
        item
        for item in lake.describe(as_of_us=as_of_us)
        if item.table == "bars" and item.venue == venue and item.market == market and item.first_us < end_us
    ]
    if not series:
        raise Refused(
            f"the lake holds no {market} bars of {venue!r} before {iso(end_us)}: ingest them first (`factory ingest`), "
            "or give the cycle, venue and market that it holds"
        )
    counts: dict[int, int] = {}
    for item in series:
        counts[item.interval_us] = counts.get(item.interval_us, 0) + item.rows
    most = max(counts, key=lambda step: (counts[step], step))
    return tuple(item for item in series if item.interval_us == most)


def locate(lake: Lake, venue: str, market: Market, end_us: int, as_of_us: int) -> LocatedView:
    """The view of one venue and market up to `end_us`. Raises Refused where the lake holds no bars of them by then."""
    chosen = series_of(lake, venue, market, end_us, as_of_us)
    interval_us = chosen[0].interval_us
    start_us = min(item.first_us for item in chosen) // US_PER_DAY * US_PER_DAY
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
