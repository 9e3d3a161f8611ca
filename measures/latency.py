"""Percentiles of measured latencies, their coordinated omission and their sampling error."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import bdtr

from domain.arrays import FloatArray
from domain.errors import Refused
from measures.series import finite_series

ROUNDING_DECIMALS = 9
"""n p that is a whole number in exact arithmetic stays one."""


def corrected_for_omission(samples_us: ArrayLike, interval_us: float) -> FloatArray:
    """Every sample with those that a closed-loop sampler could not take while it waited: value - i x interval while >= interval.

    `interval_us` 0 means event-driven measurement, which omits nothing. Order is not kept. Source: Tene, HdrHistogram.

    >>> corrected_for_omission([10.0, 35.0], 10.0).tolist()
    [10.0, 35.0, 25.0, 15.0]
    """
    samples = _samples(samples_us)
    if interval_us <= 0:
        return samples
    missed = np.maximum(np.floor(samples / interval_us).astype(np.int64) - 1, 0)
    owner = np.repeat(samples, missed)
    first = np.repeat(np.cumsum(missed) - missed, missed)
    steps = np.arange(1, owner.size + 1) - first
    return np.concatenate([samples, owner - steps * interval_us])


def percentile(samples_us: ArrayLike, p: float) -> float:
    """The smallest sample that at least a share p of all samples does not exceed (nearest rank): always one that occurred."""
    ordered = np.sort(_samples(samples_us))
    rank = math.ceil(round(p * ordered.size, ROUNDING_DECIMALS))
    return float(ordered[min(max(rank, 1), ordered.size) - 1])


@dataclass(frozen=True)
class Percentile:
    """A percentile with the ends of its interval; None where the samples are too few to bound it on that side."""

    value_us: float
    low_us: float | None
    high_us: float | None
    n: int


def percentile_with_interval(samples_us: ArrayLike, p: float, confidence: float = 0.95) -> Percentile:
    """A percentile and its distribution-free interval; a budget is held against `high_us`."""
    ordered = np.sort(_samples(samples_us))
    low, high = quantile_ranks(ordered.size, p, confidence)
    return Percentile(
        value_us=percentile(ordered, p),
        low_us=float(ordered[low - 1]) if low >= 1 else None,
        high_us=float(ordered[high - 1]) if high <= ordered.size else None,
        n=ordered.size,
    )


def quantile_ranks(n: int, p: float, confidence: float = 0.95) -> tuple[int, int]:
    """1-based ranks of the order statistics between which the p-quantile lies with at least `confidence`, tails split evenly.

    0 or n + 1 stand for minus and plus infinity: too few samples on that side. Source: David and Nagaraja (2003), section 7.1.

    >>> quantile_ranks(10_000, 0.999)
    (9983, 9997)
    """
    tail = (1.0 - confidence) / 2.0
    below = bdtr(np.arange(n + 1, dtype=np.float64), n, p)
    return int(np.searchsorted(below, tail)), int(np.searchsorted(below, 1.0 - tail)) + 1


def samples_needed(p: float, confidence: float = 0.95) -> int:
    """Smallest number of samples with which the p-quantile has an upper bound at all."""
    return math.ceil(round(math.log((1.0 - confidence) / 2.0) / math.log(p), ROUNDING_DECIMALS))


def _samples(samples_us: ArrayLike) -> FloatArray:
    samples = finite_series(samples_us, "latencies")
    if samples.size == 0 or samples.min() < 0:
        raise Refused("expected at least one latency and none below zero: a monotonic clock, a timeout at its limit")
    return samples
