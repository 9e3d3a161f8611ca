"""Decisions on the data as it stood, and what hindsight was worth."""

import csv
import io
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from backtest.sizing import Sized, Targets
from backtest.vintage import VintageTargets, vintage_targets
from backtest.vintage_cells import epochs_of, rows_to_show
from data_lake.lake import Lake
from data_lake.schema import BARS
from data_lake.vintages import Known
from domain.arrays import FloatArray
from domain.errors import Refused
from domain.market import Panel
from domain.record import PodRecord
from domain.strategy import Manifest
from domain.times import iso
from measures.drawdown import total_return
from measures.sharpe import sharpe_annual
from steps.as_of_view import LocatedView, panel_of
from steps.home import Home

DECISION_LAG_US = BARS.lag_us
"""A decision at a close is taken when a bar that is published in time is known."""
AFFORDABLE = 5.0
"""Times the bars of the sample that a strategy may be shown again where nobody asks for exactness at any price."""
IN_TIME_MIN = 0.5
"""Share of the bars that must have been known in time where nobody asks for exactness: a history that was bought years later
would leave a backtest of the few days since."""
WORDS = ("exact", "latest")


@dataclass(frozen=True)
class Vintages:
    """The versions that decisions saw and that are no more, and whether exactness was asked for at any price."""

    known: Known
    at_any_price: bool = False

    def why_not(self, manifest: Manifest, panel: Panel) -> str | None:
        """Why decisions of this strategy are taken on the latest data instead; None where they are exact."""
        share = self.known.in_time_share
        if share == 0.0 or (share < IN_TIME_MIN and not self.at_any_price):
            return (
                f"{share:.1%} of the bars were known when the decision at their close was due, the rest were delivered as known "
                "later: deliver them with `--known-at published` where they were public in time"
                + (", or ask for `--vintages exact`" if share else "")
            )
        rows = rows_to_show(epochs_of(self.known.cells, panel.close_time_us + DECISION_LAG_US), manifest.lookback_bars)
        if not self.at_any_price and rows > AFFORDABLE * len(panel.open_time_us):
            return (
                f"{rows:,} bars would have to be shown again, {AFFORDABLE:g} times the sample are allowed: "
                "ask for `--vintages exact`, or deliver corrections in fewer batches"
            )
        return None


@dataclass(frozen=True)
class Decided:
    """What a configuration wants to hold: the targets of its backtest, and the way there with hindsight."""

    targets: Targets
    latest: Targets
    vintage: VintageTargets | None


def require_word(word: str | None) -> None:
    """Raises Refused for anything but `exact`, `latest` or nothing."""
    if word is not None and word not in WORDS:
        raise Refused(f"expected --vintages {' or '.join(WORDS)}, got {word!r}")


def vintages_of(home: Home, located: LocatedView, word: str | None) -> Vintages | None:
    """What the lake knows of a view's versions; None for `latest`. Raises Refused for another word."""
    require_word(word)
    if word == "latest":
        return None
    view, panel = located.view, panel_of(home.root, located.view, located.snapshot)
    with Lake(home.root) as lake:
        known = lake.known_otherwise(panel, view.as_of_us, decision_lag_us=DECISION_LAG_US, snapshot=located.snapshot)
    return Vintages(known, at_any_price=word == "exact")


def decide(
    vintages: Vintages | None,
    panel: Panel,
    plain: Sized,
    prediction: FloatArray,
    volatility: FloatArray,
    manifest: Manifest,
    volatility_target_annual: float,
    ask: Callable[[Panel, FloatArray], FloatArray],
) -> Decided:
    """The targets on the data as it stood where that is wanted and can be had, else the latest ones.

    Raises Refused where exactness was asked for at any price and no price buys it.
    """
    why = "not asked for" if vintages is None else vintages.why_not(manifest, panel)
    if vintages is None or why is not None:
        if vintages is not None and vintages.at_any_price:
            raise Refused(f"{manifest.name}: {why}")
        return Decided(plain.targets, plain.targets, None)
    found = vintage_targets(
        panel,
        vintages.known.cells,
        plain,
        prediction,
        volatility,
        ask,
        manifest,
        decision_lag_us=DECISION_LAG_US,
        volatility_target_annual=volatility_target_annual,
    )
    return Decided(found.targets, plain.targets, found)


def hindsight(panel: Panel, decided: Decided, exact: PodRecord, latest: PodRecord) -> dict[str, Any]:
    """What differs between decisions on the data as it stood and on the latest data; `decided.vintage` is not None."""
    found = decided.vintage
    assert found is not None
    taken = found.targets.decides[:, None] & np.isfinite(panel.close)
    figures = {"exact": _figures(exact), "latest": _figures(latest)}
    worth = {
        name: None if one is None or other is None else other - one
        for name, one, other in (
            (name, figures["exact"][name], figures["latest"][name]) for name in ("sharpe_annual", "total_return")
        )
    }
    return {
        "decisions": int(taken.sum()),
        "decisions_that_differ": len(found.differing.row),
        "batches": len(found.epochs),
        "bars_shown_again": found.rows_predicted,
        **figures,
        "worth_of_hindsight": worth,
    }


def differing_csv(panel: Panel, found: VintageTargets) -> bytes:
    """The decisions that differ: when, on which symbol, and the weights, multiples of capital."""
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(("decided", "symbol", "weight_as_it_stood", "weight_on_latest_data"))
    for row, column, exact, latest in zip(*vars(found.differing).values(), strict=True):
        time = iso(int(panel.close_time_us[row]))
        rows.writerow(
            (time, panel.symbols[column], *("" if np.isnan(value) else repr(float(value)) for value in (exact, latest)))
        )
    return text.getvalue().encode()


def _figures(record: PodRecord) -> dict[str, float | None]:
    return {"sharpe_annual": sharpe_annual(record.net_return), "total_return": total_return(record.net_return)}
