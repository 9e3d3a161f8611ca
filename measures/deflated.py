"""The deflated Sharpe ratio of a series of returns in both published forms; the lower one counts."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from measures.moments import moments
from measures.series import finite_series
from measures.sharpe_inference import dsr, expected_max_sharpe, psr
from measures.sharpe_inference_2025 import Sample, dsr_2025, psr_2025
from measures.undefined import Undefined

MIN_OBSERVATIONS = 20
"""Fewer returns carry no usable skewness and kurtosis."""


@dataclass(frozen=True)
class BothForms:
    """A probability by the variance at the estimate (2012, 2014) and by that at the null value (2025)."""

    at_estimate: float
    at_null: float

    @property
    def value(self) -> float:
        """The lower one: they disagree on skewed returns, and the doubt is not the author's to keep."""
        return min(self.at_estimate, self.at_null)


@dataclass(frozen=True)
class DeflatedSharpe(BothForms):
    """With what it was deflated by, per period."""

    sharpe: float
    threshold: float
    """Sharpe ratio expected of the best of the trials, were all of them worthless."""
    n_trials: int
    variance_trials: float
    """After the floor of 1/T: near-copies of one trial vary less than chance alone would make them."""


def probabilistic_sharpe(returns: ArrayLike, sharpe_star: float = 0.0) -> BothForms | Undefined:
    """Probability that the true per-period Sharpe ratio of (T,) returns exceeds `sharpe_star`. Refused on NaN."""
    found = _moments_and_sample(returns)
    if isinstance(found, Undefined):
        return found
    sharpe, sample = found
    return _both(
        psr(sharpe, sharpe_star, sample.n, sample.skew, sample.kurtosis), psr_2025(sharpe, sharpe_star, sample)
    ) or Undefined("the variance of the Sharpe ratio is not positive")


def deflated_sharpe(returns: ArrayLike, trial_sharpes: Sequence[float] | ArrayLike, n_trials: int) -> DeflatedSharpe | Undefined:
    """Deflate the Sharpe ratio of (T,) returns by `n_trials` evaluated configurations.

    `trial_sharpes`: per-period Sharpe ratios of those whose returns are known; undefined ones (NaN) still count in `n_trials`.
    Their variance (ddof 1) is floored at 1/T, which is also used where fewer than two are known. Refused on NaN in `returns`.
    """
    found = _moments_and_sample(returns)
    if isinstance(found, Undefined):
        return found
    if n_trials < 1:
        return Undefined(f"{n_trials} trials, at least 1 is needed: the evaluated configuration itself")
    sharpe, sample = found
    variance = max(_variance(trial_sharpes), 1.0 / sample.n)
    both = _both(
        dsr(sharpe, sample.n, sample.skew, sample.kurtosis, n_trials, variance), dsr_2025(sharpe, sample, n_trials, variance)
    )
    if both is None:
        return Undefined("the variance of the Sharpe ratio is not positive")
    threshold = expected_max_sharpe(n_trials, variance)
    return DeflatedSharpe(both.at_estimate, both.at_null, sharpe, threshold, n_trials, variance)


def _moments_and_sample(returns: ArrayLike) -> tuple[float, Sample] | Undefined:
    series = finite_series(returns)
    if series.size < MIN_OBSERVATIONS:
        return Undefined(f"{series.size} returns, at least {MIN_OBSERVATIONS} are needed")
    found = moments(series)
    if found is None:
        return Undefined("zero variance")
    deviation = series - found.mean
    rho = float(deviation[1:] @ deviation[:-1] / (deviation @ deviation))
    # A negative autocorrelation would make the error look smaller; it is not credited.
    return found.sharpe, Sample(found.n, found.skew, found.kurtosis, max(rho, 0.0))


def _variance(trial_sharpes: Sequence[float] | ArrayLike) -> float:
    known = np.asarray(trial_sharpes, dtype=np.float64).ravel()
    known = known[np.isfinite(known)]
    return float(known.var(ddof=1)) if known.size > 1 else 0.0


def _both(at_estimate: float | None, at_null: float | None) -> BothForms | None:
    return None if at_estimate is None or at_null is None else BothForms(at_estimate, at_null)
