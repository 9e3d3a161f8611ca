"""Realised volatility, and the one forecast that everybody sizes from."""

import math

import numpy as np
from numpy.typing import ArrayLike

from domain.arrays import FloatArray
from domain.times import DAYS_PER_YEAR
from measures.ewma import ewma, span_to_alpha
from measures.series import finite_series

FAST_SPAN_DAYS = 35
MIN_OBSERVATIONS = 10
FAST_WEIGHT = 0.7
METHOD = f"ewma-span{FAST_SPAN_DAYS}-min{MIN_OBSERVATIONS}-blend{FAST_WEIGHT}-v1"
"""Names the forecast wherever it is published."""


def volatility_annual(returns: ArrayLike, periods_per_year: float = DAYS_PER_YEAR) -> float | None:
    """Standard deviation (ddof 1) of (T,) returns times the square root of the year; None with fewer than 2. Refused on NaN."""
    series = finite_series(returns)
    return None if series.size < 2 else float(series.std(ddof=1)) * math.sqrt(periods_per_year)


def ewma_volatility(
    daily_returns: FloatArray, span_days: float, *, min_obs: int = MIN_OBSERVATIONS, adjust: bool = True, bias: bool = False
) -> FloatArray:
    """Exponentially weighted standard deviation of (D, N) daily returns -> (D, N), fraction per square root of a day.

    NaN until `min_obs` returns are known; a missing return repeats the last value. `adjust` and `bias` as in `measures.ewma`.
    Source: Carver (2023), Advanced Futures Trading Strategies, strategy 3.
    """
    return ewma(daily_returns, span_to_alpha(span_days), min_obs=min_obs, adjust=adjust, bias=bias).sd


def volatility_forecast(daily_returns: FloatArray) -> FloatArray:
    """Daily volatility expected from the next day on: (D, N) simple daily returns -> (D, N), fraction per square root of a day.

    0.7 x EWMA (span 35, bias-corrected, at least 10 returns) + 0.3 x the mean of all its values so far. Row t uses rows up to t
    only. NaN until 10 returns are known; a missing return repeats the last fast value. Source: Carver (2023), ibid.
    """
    fast = ewma_volatility(daily_returns, FAST_SPAN_DAYS)
    known = np.isfinite(fast)
    total = np.cumsum(np.where(known, fast, 0.0), axis=0)
    long_run = total / np.maximum(np.cumsum(known, axis=0), 1)
    return np.asarray(FAST_WEIGHT * fast + (1.0 - FAST_WEIGHT) * long_run)
