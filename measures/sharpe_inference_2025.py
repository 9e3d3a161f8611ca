"""Inference on a Sharpe ratio with the variance at the null value: the 2025 standard.

Source of every formula: Lopez de Prado, Lipton and Zoonekynd (2025), "How to use the Sharpe ratio". Sharpe ratios are per period,
kurtosis is raw; `rho` is the first-order autocorrelation of an AR(1). None means undefined: a variance that is not positive.
"""

import math
from dataclasses import dataclass

from scipy.optimize import brentq
from scipy.special import ndtr, ndtri

from measures.normal_maximum import normal_maximum
from measures.sharpe_inference import expected_max_sharpe


@dataclass(frozen=True)
class Sample:
    """What the sampling error of a Sharpe ratio depends on."""

    n: int
    skew: float
    kurtosis: float
    rho: float = 0.0

    def variance(self, sharpe: float) -> float | None:
        """Sampling variance of the estimate where the true value is `sharpe`."""
        if self.n < 1 or not -1.0 < self.rho < 1.0:
            return None
        r = self.rho
        a = (1.0 + r) / (1.0 - r)
        b = 1.0 + r / (1.0 - r) + r**2 / (1.0 - r**2)
        c = (1.0 + r**2) / (1.0 - r**2)
        term = a - b * self.skew * sharpe + c * (self.kurtosis - 1.0) / 4.0 * sharpe**2
        return term / self.n if term > 0 else None

    def sd(self, sharpe: float) -> float | None:
        """Square root of the variance."""
        variance = self.variance(sharpe)
        return None if variance is None else math.sqrt(variance)


def psr_2025(sharpe: float, sharpe_null: float, sample: Sample) -> float | None:
    """Probability of a smaller estimate where the true value is `sharpe_null`."""
    sd = sample.sd(sharpe_null)
    return None if sd is None else float(ndtr((sharpe - sharpe_null) / sd))


def min_track_record_2025(sharpe: float, sharpe_null: float, sample: Sample, alpha: float = 0.05) -> float | None:
    """Observations needed to reject `sharpe_null` at `alpha`; infinite where the estimate is not above it."""
    variance = sample.variance(sharpe_null)
    if variance is None:
        return None
    if sharpe <= sharpe_null:
        return math.inf
    return sample.n * variance * (float(ndtri(1.0 - alpha)) / (sharpe - sharpe_null)) ** 2


def critical_sharpe(sharpe_null: float, sample: Sample, alpha: float) -> float | None:
    """The estimate above which `sharpe_null` is rejected at `alpha`, one-sided."""
    sd = sample.sd(sharpe_null)
    return None if sd is None else sharpe_null + sd * float(ndtri(1.0 - alpha))


def power(sharpe_null: float, sharpe_alternative: float, sample: Sample, alpha: float) -> float | None:
    """Probability of rejecting `sharpe_null` at `alpha` where the true value is `sharpe_alternative`."""
    critical = critical_sharpe(sharpe_null, sample, alpha)
    sd = sample.sd(sharpe_alternative)
    return None if critical is None or sd is None else float(ndtr((sharpe_alternative - critical) / sd))


def planned_fdr(alpha: float, beta: float, p_alternative: float) -> float:
    """Share of false ones among rejections: 1 / (1 + (1 - beta) p1 / (alpha (1 - p1)))."""
    false, true = alpha * (1.0 - p_alternative), (1.0 - beta) * p_alternative
    return false / (false + true)


def observed_fdr(
    sharpe: float, sharpe_null: float, sharpe_alternative: float, sample: Sample, p_alternative: float
) -> float | None:
    """Probability that the null holds given an estimate at least as large as the one seen."""
    below_null = psr_2025(sharpe, sharpe_null, sample)
    below_alternative = psr_2025(sharpe, sharpe_alternative, sample)
    if below_null is None or below_alternative is None:
        return None
    false, true = (1.0 - below_null) * (1.0 - p_alternative), (1.0 - below_alternative) * p_alternative
    return false / (false + true) if false + true > 0 else None


@dataclass(frozen=True)
class FdrTest:
    """The test whose planned false discovery rate is the one asked for."""

    alpha: float
    beta: float
    critical_sharpe: float


def level_for_fdr(
    fdr: float, p_alternative: float, sharpe_null: float, sharpe_alternative: float, sample: Sample
) -> FdrTest | None:
    """The significance level at which the planned false discovery rate equals `fdr`; None where no level does."""

    def excess(z: float) -> float:
        alpha = float(ndtr(-z))
        reached = power(sharpe_null, sharpe_alternative, sample, alpha)
        return math.nan if reached is None else planned_fdr(alpha, 1.0 - reached, p_alternative) - fdr

    low, high = -8.0, 8.0
    if not excess(low) > 0 > excess(high):
        return None
    alpha = float(ndtr(-brentq(excess, low, high, xtol=1e-14)))
    reached, critical = power(sharpe_null, sharpe_alternative, sample, alpha), critical_sharpe(sharpe_null, sample, alpha)
    return None if reached is None or critical is None else FdrTest(alpha, 1.0 - reached, critical)


def dsr_2025(
    sharpe: float, sample: Sample, n_trials: int, variance_trials: float, *, variance_of_max: bool = True
) -> float | None:
    """Probability that the best of `n_trials` worthless trials shows less than `sharpe`.

    The null is the expected maximum; with `variance_of_max` its sampling variance is that of a maximum, smaller than one trial's.
    """
    sharpe_null = expected_max_sharpe(n_trials, variance_trials)
    sd = sample.sd(sharpe_null)
    if sd is None:
        return None
    shrink = math.sqrt(normal_maximum(n_trials)[1]) if variance_of_max else 1.0
    return float(ndtr((sharpe - sharpe_null) / (sd * shrink)))
