"""Inference on a Sharpe ratio with the variance at the estimate: PSR, MinTRL, expected maximum, DSR, MinBTL.

Every Sharpe ratio here is per period, kurtosis is raw (3 for a normal), and None means undefined: too few observations, or a
variance term that is not positive.
"""

import math

from scipy.special import ndtr, ndtri

EULER_GAMMA = 0.5772156649015329


def variance_term(sharpe: float, skew: float, kurtosis: float) -> float | None:
    """1 - g3 SR + (g4 - 1)/4 SR^2; None where it is not positive. Source: Mertens (2002); Bailey and Lopez de Prado (2012)."""
    value = 1.0 - skew * sharpe + (kurtosis - 1.0) / 4.0 * sharpe**2
    return value if value > 0 else None


def psr(sharpe: float, sharpe_star: float, n: int, skew: float, kurtosis: float) -> float | None:
    """Probability that the true Sharpe ratio exceeds `sharpe_star`, from n observations.

    Source: Bailey and Lopez de Prado (2012), Journal of Risk 15(2), eq. 9.
    """
    term = variance_term(sharpe, skew, kurtosis)
    if term is None or n < 2:
        return None
    return float(ndtr((sharpe - sharpe_star) * math.sqrt(n - 1) / math.sqrt(term)))


def min_track_record(sharpe: float, sharpe_star: float, skew: float, kurtosis: float, confidence: float = 0.95) -> float | None:
    """Observations needed for PSR(sharpe_star) to reach `confidence`; infinite where the estimate is not above `sharpe_star`.

    Source: Bailey and Lopez de Prado (2012), eq. 11.
    """
    term = variance_term(sharpe, skew, kurtosis)
    if term is None:
        return None
    if sharpe <= sharpe_star:
        return math.inf
    return 1.0 + term * (float(ndtri(confidence)) / (sharpe - sharpe_star)) ** 2


def expected_max_normal(n_trials: float) -> float:
    """Expected maximum of N independent standard normals, by the extreme-value approximation that defines the DSR.

    0 at N = 1; 0.9-2.3 % high for N = 10-100. `n_trials` may be an effective, fractional number, at least 1.
    Source: Bailey and Lopez de Prado (2014), JPM 40(5), eq. 1.
    """
    if n_trials <= 1:
        return 0.0
    low, high = ndtri(1.0 - 1.0 / n_trials), ndtri(1.0 - 1.0 / (n_trials * math.e))
    return float((1.0 - EULER_GAMMA) * low + EULER_GAMMA * high)


def expected_max_sharpe(n_trials: float, variance_trials: float) -> float:
    """Sharpe ratio that the best of N worthless trials is expected to show, from the variance of their Sharpe ratios."""
    return math.sqrt(variance_trials) * expected_max_normal(n_trials)


def dsr(sharpe: float, n: int, skew: float, kurtosis: float, n_trials: float, variance_trials: float) -> float | None:
    """Deflated Sharpe ratio: PSR against the expected maximum of the trials. Source: Bailey and Lopez de Prado (2014), eq. 2."""
    return psr(sharpe, expected_max_sharpe(n_trials, variance_trials), n, skew, kurtosis)


def min_backtest_years(n_trials: float, target_sharpe_annual: float) -> float:
    """Years below which the best of N worthless trials is expected to show the target, by luck alone.

    Source: Bailey, Borwein, Lopez de Prado and Zhu (2014), Notices of the AMS 61(5), theorem 1.
    """
    return (expected_max_normal(n_trials) / target_sharpe_annual) ** 2


def min_backtest_years_bound(n_trials: float, target_sharpe_annual: float) -> float:
    """Upper bound on the above: 2 ln N / SR^2."""
    return 2.0 * math.log(n_trials) / target_sharpe_annual**2
