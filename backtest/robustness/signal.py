"""What a prediction is worth before anybody trades it: information coefficient, decay, quantiles, turnover."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from scipy.stats import rankdata

from domain.arrays import BoolArray, FloatArray
from domain.errors import Refused

WIDE = 5
"""Symbols with an opinion at one time from which they are ranked against each other; fewer are ranked over time."""
QUANTILES = 5
MIN_OBSERVATIONS = 30


@dataclass(frozen=True)
class Coefficient:
    """Mean rank correlation of prediction and later return; None where undefined."""

    horizon_bars: int
    value: float | None
    t: float | None
    """With as many observations as do not overlap; over time, all symbols together count as one."""
    n: int
    """Times of decision (wide), or symbols (narrow)."""


@dataclass(frozen=True)
class SignalSheet:
    """Of one prediction. `wide`: ranked across symbols at each decision; else each symbol over time, and averaged."""

    wide: bool
    by_horizon: tuple[Coefficient, ...]
    decay: tuple[Coefficient, ...]
    """Against the return over the manifest's horizon that begins `horizon_bars` later."""
    half_life_bars: float | None
    """Lag at which the coefficient has fallen to half; None where it does not, or is not positive to begin with."""
    quantile_bps: tuple[float | None, ...]
    """Mean return over the manifest's horizon, from the lowest to the highest fifth of predictions, bp."""
    turnover: float | None
    """Mean of sum |change| / sum |level| of the centred ranks between decisions: 0 never changes, 2 is sold and reversed."""
    autocorrelation: float | None
    """Mean rank correlation of a decision's predictions with those of the decision before."""


def signal_sheet(
    prediction: FloatArray,
    close: FloatArray,
    decides: BoolArray,
    *,
    horizon_bars: int,
    horizons: Sequence[int],
    lags: Sequence[int],
    across: bool = True,
) -> SignalSheet:
    """Of (T, N) predictions known at the close of each bar, on the bars that decide.

    Returns are close to close; bars without a price are left out. `across`: rank symbols against each other at each decision,
    as a strategy that holds some against others does; else, or where fewer than `WIDE` have an opinion, each over time (whose
    ranks know the whole sample: they describe, and no decision rests on them). Refused where shapes differ or no bar decides.
    """
    if prediction.shape != close.shape or decides.shape != prediction.shape[:1] or not decides.any():
        raise Refused(f"expected predictions and closes of one shape and a deciding bar, got {prediction.shape}, {close.shape}")
    rows = np.flatnonzero(decides)
    spacing = float(np.median(np.diff(rows))) if rows.size > 1 else 1.0
    own = prediction[rows]
    wide = across and bool(np.median(np.isfinite(own).sum(axis=1)) >= WIDE)

    def against(lag: int, horizon: int) -> Coefficient:
        later = forward_returns(close, horizon, lag)[rows]
        return _coefficient(own, later, horizon, spacing / max(spacing, horizon), wide=wide)

    decay = tuple(_labelled(against(lag, horizon_bars), lag) for lag in lags)
    ranks = _centred_ranks(own, wide=wide)
    return SignalSheet(
        wide=wide,
        by_horizon=tuple(against(0, horizon) for horizon in horizons),
        decay=decay,
        half_life_bars=half_life([(one.horizon_bars, one.value) for one in decay]),
        quantile_bps=_quantiles(ranks, forward_returns(close, horizon_bars, 0)[rows]),
        turnover=_turnover(ranks),
        autocorrelation=_coefficient(own[1:], own[:-1], 1, 1.0, wide=wide).value,
    )


def forward_returns(close: FloatArray, horizon: int, lag: int) -> FloatArray:
    """(T, N) simple return from the close of bar t + lag to that of bar t + lag + horizon; NaN where either is unknown."""
    found = np.full_like(close, np.nan)
    last = len(close) - lag - horizon
    if last > 0:
        found[:last] = close[lag + horizon :] / close[lag : lag + last] - 1.0
    return found


def half_life(points: Sequence[tuple[int, float | None]]) -> float | None:
    """Lag at which the first value has halved, between the points on a straight line; None where it never does."""
    known = [(lag, value) for lag, value in points if value is not None]
    if not known or known[0][1] <= 0:
        return None
    half = known[0][1] / 2.0
    for (lag, value), (next_lag, next_value) in pairwise(known):
        if next_value <= half:
            return lag + (next_lag - lag) * (value - half) / (value - next_value) - known[0][0]
    return None


def _labelled(found: Coefficient, lag: int) -> Coefficient:
    return Coefficient(lag, found.value, found.t, found.n)


def _coefficient(own: FloatArray, later: FloatArray, horizon: int, independent: float, *, wide: bool) -> Coefficient:
    both = np.isfinite(own) & np.isfinite(later)
    x, y = (_ranks(np.where(both, values, np.nan), wide=wide) for values in (own, later))
    along = 1 if wide else 0
    enough = both.sum(axis=along) >= (WIDE if wide else MIN_OBSERVATIONS)
    with np.errstate(invalid="ignore", divide="ignore"):
        found = np.nansum(x * y, axis=along) / np.sqrt(np.nansum(x**2, axis=along) * np.nansum(y**2, axis=along))
    found = found[enough & np.isfinite(found)]
    if not found.size:
        return Coefficient(horizon, None, None, 0)
    value = float(found.mean())
    if wide:
        spread = float(found.std(ddof=1)) if found.size > 1 else 0.0
        t = value / spread * math.sqrt(found.size * independent) if spread > 0 else None
    else:
        t = value * math.sqrt(float(both.sum()) / max(1, found.size) * independent)
    return Coefficient(horizon, value, t, int(found.size))


def _ranks(values: FloatArray, *, wide: bool) -> FloatArray:
    """Average ranks less their mean, across symbols or along time; NaN stays out."""
    known = np.isfinite(values)
    along = 1 if wide else 0
    ranks = np.where(known, rankdata(np.where(known, values, np.inf), axis=along), np.nan)
    count = np.maximum(known.sum(axis=along, keepdims=True), 1)
    return np.asarray(ranks - np.nansum(ranks, axis=along, keepdims=True) / count)


def _centred_ranks(own: FloatArray, *, wide: bool) -> FloatArray:
    """Ranks as a share of their largest: -1 lowest, +1 highest; 0 where all are equal."""
    ranks = _ranks(own, wide=wide)
    along = 1 if wide else 0
    half = (np.isfinite(own).sum(axis=along, keepdims=True) - 1) / 2.0
    return np.asarray(ranks / np.maximum(half, 0.5))


def _quantiles(ranks: FloatArray, later: FloatArray) -> tuple[float | None, ...]:
    both = np.isfinite(ranks) & np.isfinite(later)
    place = np.clip(((ranks[both] + 1.0) / 2.0 * QUANTILES).astype(np.int64), 0, QUANTILES - 1)
    found = later[both]
    return tuple(float(found[place == one].mean()) * 1e4 if (place == one).any() else None for one in range(QUANTILES))


def _turnover(ranks: FloatArray) -> float | None:
    level = np.nan_to_num(ranks)
    size = np.abs(level[:-1]).sum(axis=1)
    change = np.abs(np.diff(level, axis=0)).sum(axis=1)
    held = size > 0
    return float(np.mean(change[held] / size[held])) if held.any() else None
