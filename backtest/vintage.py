"""Decisions on the data as it stood: what each of them would have been, and what hindsight was worth."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from backtest.sizing import Sized, Targets
from backtest.vintage_cells import FIELDS, Epoch, epochs_of
from backtest.vintage_stretch import Ask, PlainRun, Stretches
from domain.arrays import BoolArray, FloatArray, IntArray
from domain.errors import Refused
from domain.market import Panel
from domain.strategy import Manifest
from domain.versions import Cells

TOLERANCE = 1e-9
"""Relative: weights closer than this are one decision; a stretch predicted alone is as close as that to the whole."""


@dataclass(frozen=True)
class Differing:
    """Decisions that differ, (K,) each: bar at whose close one is taken, symbol, weight without and with hindsight."""

    row: IntArray
    column: IntArray
    exact: FloatArray
    latest: FloatArray


@dataclass(frozen=True)
class VintageTargets:
    """Targets of decisions on the data as it stood."""

    targets: Targets
    prediction: FloatArray
    """(T, N) as predicted at the time."""
    seen_otherwise: BoolArray
    """(T,) decisions that saw some bar in another version than today's."""
    epochs: tuple[Epoch, ...]
    rows_predicted: int
    """Bars that were shown to the strategy again."""
    differing: Differing


def vintage_targets(
    latest: Panel,
    cells: Mapping[str, Cells],
    sized: Sized,
    prediction: FloatArray,
    daily_volatility: FloatArray,
    ask: Ask,
    manifest: Manifest,
    *,
    decision_lag_us: int,
    volatility_target_annual: float,
) -> VintageTargets:
    """Each decision as a fresh run on the data of its own time would take it; only stretches that this can change are done again.

    latest, sized, prediction, daily_volatility: a run on the data as it stands now. `cells`: the versions that are no more, by
    field. A decision at the close of bar t is taken `decision_lag_us` later and sees, of every bar up to t, the version known
    then; volatility, scale and correlation are those of that data too. Weights are multiples of capital at the price that was
    seen: where that was another than today's, the weight is restated so that the units are the same. A symbol whose bar was not
    known yet takes no decision. Fills, marks and costs are the market's: the latest version. Refused for an unknown field.
    """
    unknown = sorted(set(cells) - set(FIELDS))
    if unknown:
        raise Refused(f"expected versions of {list(FIELDS)}, got some of {unknown}")
    decided_us = latest.close_time_us + decision_lag_us
    found = epochs_of(cells, decided_us)
    if not found:
        nobody = np.zeros(len(decided_us), dtype=np.bool_)
        return VintageTargets(sized.targets, prediction, nobody, (), 0, differing(latest, sized.targets, sized.targets, nobody))
    weight, buffer, predicted = sized.targets.weight.copy(), sized.targets.buffer.copy(), prediction.copy()
    otherwise, rows = np.zeros(len(decided_us), dtype=np.bool_), 0
    plain = PlainRun(latest, sized, prediction, daily_volatility, manifest, volatility_target_annual)
    stretches = Stretches(plain, cells, decided_us, found, ask)
    for number, epoch in enumerate(found):
        part = stretches.sized(number)
        inside, here = slice(epoch.first, epoch.end), slice(epoch.first - epoch.oldest, None)
        factor = latest.close[inside] / part.close[here]
        weight[inside], buffer[inside] = part.targets.weight[here] * factor, part.targets.buffer[here] * factor
        predicted[inside], otherwise[inside] = part.prediction[here], True
        rows += part.rows
    targets = Targets(weight, buffer, sized.targets.decides)
    return VintageTargets(targets, predicted, otherwise, found, rows, differing(latest, targets, sized.targets, otherwise))


def differing(panel: Panel, exact: Targets, latest: Targets, rows: BoolArray) -> Differing:
    """The decisions among `rows`, (T,), at bars that exist today, whose weights are further apart than the tolerance.

    A decision that only one of them takes differs.
    """
    asked = np.flatnonzero(rows & latest.decides)
    one, other = exact.weight[asked], latest.weight[asked]
    apart = ~np.isclose(one, other, rtol=TOLERANCE, atol=TOLERANCE, equal_nan=True) & np.isfinite(panel.close[asked])
    row, column = np.nonzero(apart)
    return Differing(asked[row], column, one[row, column], other[row, column])
