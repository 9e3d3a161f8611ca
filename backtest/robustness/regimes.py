"""In which kind of market a strategy earns; each day's label uses the days before it, and nothing later."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from domain.arrays import FloatArray, IntArray
from domain.errors import Refused
from domain.times import DAYS_PER_YEAR
from measures.intervals import sharpe_interval
from measures.moments import moments

WINDOW_DAYS = 30
HISTORY_DAYS = 90
"""Values of the window's statistic that must be known before a day is placed among them."""
TREND_DAYS = 60
TREND_EDGE = 0.5
"""Of the trend in units of its own volatility over the window."""
UNKNOWN = -1

NAMES: Mapping[str, tuple[str, str, str]] = {
    "volatility": ("calm", "usual vol.", "turbulent"),
    "trend": ("falling", "sideways", "rising"),
    "liquidity": ("thin", "usual volume", "deep"),
}
"""By dimension, in the order of the labels 0, 1, 2."""


@dataclass(frozen=True)
class InRegime:
    """A strategy on the days of one regime; annual figures, None where undefined."""

    dimension: str
    name: str
    days: int
    mean_annual: float | None
    sharpe_annual: float | None
    low: float | None
    high: float | None


def regimes(market_returns: FloatArray, volume_usd: FloatArray) -> dict[str, IntArray]:
    """(D,) labels 0, 1, 2 or UNKNOWN by dimension, from (D,) daily market returns and traded USD; NaN days are left out.

    Volatility: deviation of the 30 days before, against the thirds of all its values so far. Trend: sum of the 60 days before
    over their volatility, beyond +-0.5. Liquidity: mean volume of the 30 days before, against the thirds so far. Day d knows
    days < d.
    """
    if market_returns.shape != volume_usd.shape or market_returns.ndim != 1:
        raise Refused(f"expected two series of one length, got {market_returns.shape} and {volume_usd.shape}")
    deviation = _trailing(market_returns, WINDOW_DAYS, lambda days: float(np.std(days, ddof=1)))
    volume = _trailing(volume_usd, WINDOW_DAYS, lambda days: float(np.mean(days)))
    strength = _trailing(market_returns, TREND_DAYS, _strength)
    with np.errstate(invalid="ignore"):
        trend = np.where(strength > TREND_EDGE, 2, np.where(strength < -TREND_EDGE, 0, 1))
    return {
        "volatility": _third(deviation),
        "trend": np.where(np.isfinite(strength), trend, UNKNOWN).astype(np.int64),
        "liquidity": _third(volume),
    }


def in_regimes(returns: FloatArray, labels: Mapping[str, IntArray]) -> tuple[InRegime, ...]:
    """(D,) daily net returns by regime, in the order of NAMES; days without a label are left out."""
    return tuple(
        _conditional(dimension, name, returns[labels[dimension] == label])
        for dimension, names in NAMES.items()
        if dimension in labels
        for label, name in enumerate(names)
    )


def _conditional(dimension: str, name: str, days: FloatArray) -> InRegime:
    found, root = moments(days), math.sqrt(DAYS_PER_YEAR)
    mean = float(days.mean()) * DAYS_PER_YEAR if days.size else None
    if found is None:
        return InRegime(dimension, name, int(days.size), mean, None, None, None)
    interval = sharpe_interval(found.sharpe, found.n, found.skew, found.kurtosis)
    low, high = (None, None) if interval is None else (interval[0] * root, interval[1] * root)
    return InRegime(dimension, name, found.n, mean, found.sharpe * root, low, high)


def _strength(days: FloatArray) -> float:
    spread = float(np.std(days, ddof=1)) * math.sqrt(days.size)
    return float(days.sum()) / spread if spread > 0 else math.nan


def _trailing(values: FloatArray, window: int, statistic: Callable[[FloatArray], float]) -> FloatArray:
    """(D,) statistic of the `window` days before each; NaN until two thirds of them are known."""
    found = np.full(values.size, np.nan)
    for day in range(1, values.size):
        known = values[max(0, day - window) : day]
        known = known[np.isfinite(known)]
        if known.size * 3 >= window * 2:
            found[day] = statistic(known)
    return found


def _third(values: FloatArray) -> IntArray:
    """Where each value lies among those up to it."""
    label, seen = np.full(values.size, UNKNOWN, dtype=np.int64), np.zeros(0)
    for day, value in enumerate(values):
        if not np.isfinite(value):
            continue
        seen = np.append(seen, value)
        if seen.size >= HISTORY_DAYS:
            low, high = np.quantile(seen, [1 / 3, 2 / 3])
            label[day] = 0 if value < low else 2 if value > high else 1
    return label
