"""Covariance of daily returns across pods: exponentially weighted, shrunk, and the edges of pure noise.

All inputs are (T, N) simple returns, complete: a NaN is Refused, because a missing day is neither zero nor the mean.
"""

from dataclasses import dataclass

import numpy as np

from domain.arrays import FloatArray
from domain.errors import Refused


@dataclass(frozen=True)
class Shrunk:
    """A covariance between the sample's and a target's; `intensity` 0 is the sample, 1 the target."""

    covariance: FloatArray
    intensity: float


def ewma_covariance(returns: FloatArray, decay: float, *, demean: bool = False) -> FloatArray:
    """(N, N) per period: weights decay^age renormalised to 1; means are zero unless `demean`.

    Source: RiskMetrics (1996). Raises Refused on NaN or a decay outside (0, 1).
    """
    complete = _complete(returns)
    if not 0 < decay < 1:
        raise Refused(f"decay of an exponentially weighted covariance: expected between 0 and 1, got {decay}")
    weights = decay ** np.arange(len(complete) - 1, -1, -1, dtype=np.float64)
    weights /= weights.sum()
    centred = complete - weights @ complete if demean else complete
    return np.asarray((centred * weights[:, None]).T @ centred)


def shrink_to_identity(returns: FloatArray) -> Shrunk:
    """Towards mean variance times the identity. Source: Ledoit & Wolf (2004), J. Multivariate Analysis 88; ddof 0.

    It lowers every correlation and so raises leverage: limits use `shrink_to_constant_correlation`.
    """
    centred, sample = _centred_sample(returns)
    periods, count = centred.shape
    target = np.trace(sample) / count * np.eye(count)
    noise = ((centred**2).T @ centred**2 / periods - sample**2).sum() / periods
    distance = ((sample - target) ** 2).sum()
    intensity = float(min(noise, distance) / distance) if distance > 0 else 0.0
    return Shrunk(intensity * target + (1 - intensity) * sample, intensity)


def shrink_to_constant_correlation(returns: FloatArray) -> Shrunk:
    """Towards the sample's variances with one mean correlation: the common factor among pods stays.

    Source: Ledoit & Wolf (2004), "Honey, I shrunk the sample covariance matrix", JPM 30(4), appendix B; ddof 0.
    Raises Refused where a column never moves: it has no correlation.
    """
    centred, sample = _centred_sample(returns)
    periods, count = centred.shape
    volatility = np.sqrt(np.diag(sample))
    if not np.all(volatility > 0):
        raise Refused(f"shrinkage to constant correlation: column {int(np.argmin(volatility))} never moves; leave it out")
    if count < 3:
        return Shrunk(sample, 0.0)
    correlation = sample / np.outer(volatility, volatility)
    mean_correlation = float((correlation.sum() - count) / (count * (count - 1)))
    target = mean_correlation * np.outer(volatility, volatility)
    np.fill_diagonal(target, volatility**2)
    asymptotic_variance = (centred**2).T @ centred**2 / periods - sample**2
    theta = (centred**3).T @ centred / periods - (volatility**2)[:, None] * sample
    np.fill_diagonal(theta, 0.0)
    shared = np.trace(asymptotic_variance) + mean_correlation * (np.outer(1 / volatility, volatility) * theta).sum()
    distance = ((sample - target) ** 2).sum()
    if distance <= 0:
        return Shrunk(sample, 0.0)
    intensity = float(np.clip((asymptotic_variance.sum() - shared) / distance / periods, 0.0, 1.0))
    return Shrunk(intensity * target + (1 - intensity) * sample, intensity)


def marchenko_pastur_edges(count_over_periods: float, variance: float = 1.0) -> tuple[float, float]:
    """Smallest and largest eigenvalue that pure noise gives, for N/T <= 1. Source: Marchenko & Pastur (1967)."""
    root = float(np.sqrt(count_over_periods))
    return variance * (1 - root) ** 2, variance * (1 + root) ** 2


def _centred_sample(returns: FloatArray) -> tuple[FloatArray, FloatArray]:
    complete = _complete(returns)
    centred = complete - complete.mean(axis=0)
    return centred, centred.T @ centred / len(centred)


def _complete(returns: FloatArray) -> FloatArray:
    if returns.ndim != 2 or len(returns) < 2:
        raise Refused(f"covariance: expected (T, N) returns of at least 2 periods, got shape {returns.shape}")
    if not np.all(np.isfinite(returns)):
        raise Refused("covariance: expected complete returns, got NaN; keep the days that every pod has")
    return returns
