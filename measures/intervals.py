"""Two-sided confidence intervals."""

import math

from numpy.typing import ArrayLike
from scipy.special import ndtri, stdtrit

from measures.series import finite_series
from measures.sharpe_inference import variance_term

Interval = tuple[float, float]


def wilson_interval(share: float, n: float, confidence: float = 0.95) -> Interval:
    """Interval for a proportion seen in n trials; `n` may be an effective, fractional number above 0. Source: Wilson (1927).

    >>> low, high = wilson_interval(0.0, 10)
    >>> round(low, 4), round(high, 4)
    (0.0, 0.2775)
    """
    z = normal_quantile(confidence)
    centre = share + z**2 / (2.0 * n)
    half = z * math.sqrt(share * (1.0 - share) / n + z**2 / (4.0 * n**2))
    scale = 1.0 + z**2 / n
    return max(0.0, (centre - half) / scale), min(1.0, (centre + half) / scale)


def sharpe_interval(sharpe: float, n: int, skew: float, kurtosis: float, confidence: float = 0.95) -> Interval | None:
    """Interval for a per-period Sharpe ratio, variance at the estimate; None as for the PSR. Source: Mertens (2002)."""
    term = variance_term(sharpe, skew, kurtosis)
    if term is None or n < 2:
        return None
    half = normal_quantile(confidence) * math.sqrt(term / (n - 1))
    return sharpe - half, sharpe + half


def mean_interval(values: ArrayLike, confidence: float = 0.95) -> Interval | None:
    """Student interval for the mean of independent values; None with fewer than 2. Refused on NaN."""
    series = finite_series(values, "values")
    if series.size < 2:
        return None
    half = student_quantile(confidence, series.size - 1) * float(series.std(ddof=1)) / math.sqrt(series.size)
    return float(series.mean()) - half, float(series.mean()) + half


def normal_quantile(confidence: float) -> float:
    """Half-width of a two-sided interval, in standard errors."""
    return float(ndtri(0.5 + confidence / 2.0))


def student_quantile(confidence: float, dof: float) -> float:
    """The same with the standard error estimated on `dof` degrees of freedom."""
    return float(stdtrit(dof, 0.5 + confidence / 2.0))
