"""Intervals for headline figures, and whole paths, by the stationary bootstrap: blocks of geometric length, wrapped around.

Source: Politis and Romano (1994), JASA 89.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from backtest.validation.superior import block_length
from domain.arrays import FloatArray, IntArray
from domain.errors import Refused
from domain.times import DAYS_PER_YEAR
from measures.series import finite_series, is_constant

REPETITIONS = 2_000
CONFIDENCE = 0.95
CHUNK = 250
"""Repetitions resampled at once: bounds the memory, and changes no draw."""
MIN_DAYS = 30


@dataclass(frozen=True)
class Estimate:
    """A figure of the sample with the middle 95 % of what its resamples show."""

    value: float
    low: float
    high: float


def resampled_rows(n: int, block_days: float, repetitions: int, seed: int) -> Iterator[IntArray]:
    """(C, n) row numbers of C resamples at a time, `repetitions` in all."""
    random = np.random.default_rng(seed)
    for done in range(0, repetitions, CHUNK):
        count = min(CHUNK, repetitions - done)
        begins = random.random((count, n)) < 1.0 / block_days
        begins[:, 0] = True
        starts = random.integers(0, n, (count, n))
        at = np.maximum.accumulate(np.where(begins, np.arange(n), 0), axis=1)
        yield (np.take_along_axis(starts, at, axis=1) + np.arange(n) - at) % n


def headline_intervals(
    returns: ArrayLike,
    factors: FloatArray | None = None,
    *,
    seed: int,
    repetitions: int = REPETITIONS,
    block_days: float | None = None,
) -> dict[str, Estimate]:
    """By figure: return_annual, total_return, volatility_annual, sharpe_annual, max_drawdown, es_97_5_1d, and with (T, F)
    factors alpha_annual.

    Of (T,) simple daily net returns, 365 days a year. A drawdown's interval says what other orderings of the same days would have
    shown. `block_days` None: the optimal one of the series. Refused on NaN, fewer than 30 days and a constant series.
    """
    series = finite_series(returns)
    if series.size < MIN_DAYS or is_constant(series):
        raise Refused(f"expected at least {MIN_DAYS} days that vary, got {series.size}")
    block = block_days if block_days is not None else block_length(series[:, None])
    own = _figures(series[None, :], None if factors is None else factors[None, :, :])
    drawn: dict[str, list[FloatArray]] = {name: [] for name in own}
    for rows in resampled_rows(series.size, block, repetitions, seed):
        for name, values in _figures(series[rows], None if factors is None else factors[rows]).items():
            drawn[name].append(values)
    edges = [(1.0 - CONFIDENCE) / 2.0, (1.0 + CONFIDENCE) / 2.0]
    found = {}
    for name, values in own.items():
        low, high = np.nanquantile(np.concatenate(drawn[name]), edges)
        found[name] = Estimate(float(values[0]), float(low), float(high))
    return found


def _figures(series: FloatArray, factors: FloatArray | None) -> dict[str, FloatArray]:
    """(C,) each, of (C, T) returns and (C, T, F) factors."""
    mean, deviation = series.mean(axis=1), series.std(axis=1, ddof=1)
    wealth = np.cumprod(np.maximum(1.0 + series, 0.0), axis=1)
    peak = np.maximum(np.maximum.accumulate(wealth, axis=1), 1.0)
    root = math.sqrt(DAYS_PER_YEAR)
    with np.errstate(divide="ignore", invalid="ignore"):
        figures = {
            "return_annual": mean * DAYS_PER_YEAR,
            "total_return": wealth[:, -1] - 1.0,
            "volatility_annual": deviation * root,
            "sharpe_annual": np.where(deviation > 0, mean / deviation, np.nan) * root,
            "max_drawdown": (1.0 - wealth / peak).max(axis=1),
            "es_97_5_1d": _expected_shortfall(series),
        }
    if factors is not None:
        figures["alpha_annual"] = _alpha(series, factors) * DAYS_PER_YEAR
    return figures


def _expected_shortfall(series: FloatArray, level: float = 0.975) -> FloatArray:
    """As `measures.tail.expected_shortfall`, by row; NaN where the tail holds less than one return."""
    tail = round(series.shape[1] * (1.0 - level), 9)
    whole = math.floor(tail)
    if whole < 1:
        return np.full(len(series), np.nan)
    worst = np.sort(np.partition(series, whole, axis=1)[:, : whole + 1], axis=1)
    return np.asarray(-(worst[:, :whole].sum(axis=1) + (tail - whole) * worst[:, whole]) / tail)


def _alpha(series: FloatArray, factors: FloatArray) -> FloatArray:
    """(C,) intercepts of least squares of each row on its factors."""
    x = factors - factors.mean(axis=1, keepdims=True)
    gram = np.einsum("cti,ctj->cij", x, x)
    cross = np.einsum("cti,ct->ci", x, series)
    beta = np.linalg.pinv(gram, hermitian=True) @ cross[:, :, None]
    return np.asarray(series.mean(axis=1) - np.einsum("ci,ci->c", factors.mean(axis=1), beta[:, :, 0]))
