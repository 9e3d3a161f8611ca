"""The path of a pod under the usual ladder of stops on allocated capital."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from domain.arrays import FloatArray
from domain.errors import Refused
from measures.series import finite_series


@dataclass(frozen=True)
class LadderPath:
    """(D,) each, after the day's close."""

    equity: FloatArray
    """Money made since the allocation."""
    drawdown: FloatArray
    """From the high-water mark since the allocation (0 at the start), as a fraction of the allocated capital."""
    scale: FloatArray
    """Of risk from the next day on: 1, 0.5 or 0."""


def stop_ladder(daily_pnl: ArrayLike, capital: float, halve_at: float, zero_at: float) -> LadderPath:
    """What (D,) profits at full risk, in the unit of `capital`, become when a drawdown halves the risk and a deeper one ends it.

    A cut holds until a review lifts it: nothing here re-arms. Raises Refused on NaN, on capital that is not positive, or where
    the second step is not the deeper one. Source: the practice reported of multi-manager platforms (trade press).
    """
    if capital <= 0 or not 0 < halve_at < zero_at:
        raise Refused(f"expected capital and 0 < halve_at < zero_at, got {capital}, {halve_at} and {zero_at}")
    at_full_risk = finite_series(daily_pnl)
    path = np.zeros((at_full_risk.size, 3))
    equity, mark, scale = 0.0, 0.0, 1.0
    for day, profit in enumerate(at_full_risk.tolist()):
        equity += scale * profit
        mark = max(mark, equity)
        drawdown = (mark - equity) / capital
        scale = min(scale, 0.0 if _reached(drawdown, zero_at) else 0.5 if _reached(drawdown, halve_at) else 1.0)
        path[day] = equity, drawdown, scale
    return LadderPath(path[:, 0], path[:, 1], path[:, 2])


def _reached(drawdown: float, step: float) -> bool:
    """At the step itself, whatever the last digit of a sum of profits."""
    return round(drawdown, 12) >= step
