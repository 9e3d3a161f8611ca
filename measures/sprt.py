"""Wald's sequential probability ratio test of a Sharpe ratio of zero against a positive one."""

import math
from dataclasses import dataclass

from scipy.special import ndtri


@dataclass(frozen=True)
class Sprt:
    """Bounds on the log-likelihood ratio and expected sample sizes, in periods; Wald's approximations, without overshoot."""

    log_upper: float
    """At or above: the alternative."""
    log_lower: float
    """At or below: the null."""
    expected_n_alternative: float
    expected_n_null: float
    fixed_n: float
    """What a test of fixed size with the same errors needs."""


def sprt(alpha: float, beta: float, sharpe_alternative: float) -> Sprt:
    """Errors `alpha` (false promotion) and `beta` (missed edge); the Sharpe ratio is per period. Source: Wald (1945)."""
    upper, lower = math.log((1.0 - beta) / alpha), math.log(beta / (1.0 - alpha))
    step = sharpe_alternative**2 / 2.0
    z = float(ndtri(1.0 - alpha) + ndtri(1.0 - beta))
    return Sprt(
        log_upper=upper,
        log_lower=lower,
        expected_n_alternative=((1.0 - beta) * upper + beta * lower) / step,
        expected_n_null=-(alpha * upper + (1.0 - alpha) * lower) / step,
        fixed_n=(z / sharpe_alternative) ** 2,
    )
