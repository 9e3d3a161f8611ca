"""Y of the square-root law: estimated from public taker flow where there is any, shrunk to its prior, with a band.

Public flow is not one's own parent orders, so it moves the prior only as far as `FLOW_MODEL_ERROR` lets it; where no source
carries taker volume the prior stands with its whole band. Capacity counts the upper end.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from domain.arrays import BoolArray, FloatArray, IntArray
from domain.market import Panel
from domain.times import US_PER_DAY

PRIOR = 1.0
PRIOR_LOW, PRIOR_HIGH = 0.5, 2.0
PRIOR_ERROR = 0.5
FLOW_MODEL_ERROR = 0.25
"""Standard deviation by which the coefficient of public flow may differ from that of own orders, however many bars there are."""
WINDOW_DAYS = 30
"""Volatility from hourly moves over this window errs by 3 %; one from daily returns errs by 12 %, and the slope with it."""
SHORTEST_BARS = 500
_NORMAL_975 = 1.959963984540054


@dataclass(frozen=True)
class ImpactCoefficient:
    """Y for use (`value` in [`low`, `high`]) and, where flow was there, the raw estimate behind it."""

    value: float
    low: float
    high: float
    method: str
    flow_estimate: float | None = None
    flow_standard_error: float | None = None
    """Clustered by day."""
    observations: int = 0


def prior_coefficient(reason: str) -> ImpactCoefficient:
    """Y = 1 in [0.5, 2]: four decades of order size agree on the order of magnitude (Donier & Bonart 2015)."""
    return ImpactCoefficient(PRIOR, PRIOR_LOW, PRIOR_HIGH, f"prior: {reason}")


def calibrate_from_flow(panel: Panel) -> ImpactCoefficient:
    """Y from hourly returns in units of daily volatility on signed sqrt(|net taker volume| / daily volume).

    Volatility and volume are those of the 30 days before. Bars without taker volume or history are left out; fewer than 500
    give the prior. The estimate moves with trades that are not ours and is shrunk to the prior accordingly.
    """
    moved, pressure, day = _flow_regression(panel)
    if len(moved) < SHORTEST_BARS:
        return prior_coefficient(f"{len(moved)} bars with taker volume, {SHORTEST_BARS} needed")
    estimate, error = _slope(pressure, moved, day)
    weight = PRIOR_ERROR**2 / (PRIOR_ERROR**2 + error**2 + FLOW_MODEL_ERROR**2)
    value = float(np.clip(weight * estimate + (1 - weight) * PRIOR, PRIOR_LOW, PRIOR_HIGH))
    spread = _NORMAL_975 * PRIOR_ERROR * float(np.sqrt(1 - weight))
    low, high = max(PRIOR_LOW, value - spread), min(PRIOR_HIGH, value + spread)
    return ImpactCoefficient(value, low, high, "taker flow, shrunk to the prior", estimate, error, len(moved))


def _flow_regression(panel: Panel) -> tuple[FloatArray, FloatArray, IntArray]:
    day = panel.open_time_us // US_PER_DAY
    _, index = np.unique(day, return_inverse=True)
    volatility, volume = _known_before(panel, index)
    move = panel.close / panel.open - 1
    net = 2 * panel.taker_buy_volume - panel.volume
    with np.errstate(invalid="ignore", divide="ignore"):
        moved = move / volatility[index]
        pressure = np.sign(net) * np.sqrt(np.abs(net) / volume[index])
    usable: BoolArray = np.isfinite(moved) & np.isfinite(pressure)
    days = np.broadcast_to(index[:, None], moved.shape)
    return moved[usable], pressure[usable], np.asarray(days[usable], dtype=np.int64)


def _known_before(panel: Panel, index: IntArray) -> tuple[FloatArray, FloatArray]:
    """(D, N) daily volatility, from the bars' own moves, and mean daily volume of the 30 days before."""
    count = int(index[-1]) + 1 if len(index) else 0
    variance, volume = (np.full((count, len(panel.symbols)), np.nan) for _ in range(2))
    move = panel.close / panel.open - 1
    starts = np.append(np.searchsorted(index, np.arange(count)), len(index))
    for position, (first, end) in enumerate(pairwise(starts)):
        if end - first == panel.bars_per_day:
            variance[position] = (move[first:end] ** 2).sum(axis=0)
            volume[position] = panel.volume[first:end].sum(axis=0)
    volatility, earlier = np.full_like(variance, np.nan), np.full_like(volume, np.nan)
    for position in range(WINDOW_DAYS, count):
        before = slice(position - WINDOW_DAYS, position)
        volatility[position] = np.sqrt(variance[before].mean(axis=0))
        earlier[position] = volume[before].mean(axis=0)
    return np.where(volatility > 0, volatility, np.nan), np.where(earlier > 0, earlier, np.nan)


def _slope(x: FloatArray, y: FloatArray, group: IntArray) -> tuple[float, float]:
    """Least squares with an intercept, and the slope's standard error clustered by group (Liang & Zeger 1986)."""
    centred = x - x.mean()
    scale = float(centred @ centred)
    slope = float(centred @ y) / scale
    scores = centred * (y - y.mean() - slope * centred)
    by_group = np.bincount(group, weights=scores)
    return slope, float(np.sqrt((by_group**2).sum())) / scale
