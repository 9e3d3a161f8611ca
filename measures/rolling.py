"""Figures over a trailing window of days."""

import math
from dataclasses import dataclass

import numpy as np

from domain.arrays import FloatArray
from domain.times import DAYS_PER_YEAR


@dataclass(frozen=True)
class Rolling:
    """(D,) each, of the window that ends with the day; NaN before the first whole window and where undefined."""

    sharpe_annual: FloatArray
    volatility_annual: FloatArray
    beta: FloatArray
    """To the market, by least squares; NaN where a day of the market is missing."""


def rolling(returns: FloatArray, market: FloatArray, window: int) -> Rolling:
    """Sharpe ratio, volatility and beta of (D,) daily returns over `window` days, 365 days a year, ddof 1."""
    empty = np.full(returns.size, np.nan)
    sharpe, volatility, beta = empty.copy(), empty.copy(), empty.copy()
    if returns.size < window or window < 2:
        return Rolling(sharpe, volatility, beta)
    own = np.lib.stride_tricks.sliding_window_view(returns, window)
    other = np.lib.stride_tricks.sliding_window_view(market, window)
    deviation = own.std(axis=1, ddof=1)
    varies = own.min(axis=1) < own.max(axis=1)
    volatility[window - 1 :] = deviation * math.sqrt(DAYS_PER_YEAR)
    sharpe[window - 1 :] = np.where(varies, own.mean(axis=1) / np.where(varies, deviation, 1.0), np.nan) * math.sqrt(
        DAYS_PER_YEAR
    )
    centred = other - other.mean(axis=1, keepdims=True)
    spread = np.sum(centred**2, axis=1)
    moves = np.isfinite(spread) & (spread > 0)
    beta[window - 1 :] = np.where(moves, np.sum(centred * own, axis=1) / np.where(moves, spread, 1.0), np.nan)
    return Rolling(sharpe, volatility, beta)
