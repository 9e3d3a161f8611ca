"""Evidence that may be looked at at any time: reject where an e-value reaches 1 / alpha."""

import math

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import log_ndtr

from domain.arrays import FloatArray
from domain.errors import Refused
from measures.series import finite_series

ROUNDING_DECIMALS = 9


def mixture_e_value(total: float, n: int, sigma: float, tau: float) -> float:
    """Two-sided e-value of mean zero after n observations with sum `total` and standard deviation `sigma`.

    The alternative's mean is N(0, tau^2), tau chosen beforehand. Source: Robbins (1970); Howard et al. (2021).
    """
    s2, t2 = sigma**2, tau**2
    spread = s2 + n * t2
    return math.sqrt(s2 / spread) * math.exp(t2 * total**2 / (2.0 * s2 * spread))


def mixture_e_value_one_sided(total: float, n: int, sigma: float, tau: float) -> float:
    """The same against positive means only: the mixture is the upper half of the normal."""
    z = total * tau / math.sqrt(sigma**2 * (sigma**2 + n * tau**2))
    return 2.0 * mixture_e_value(total, n, sigma, tau) * math.exp(float(log_ndtr(z)))


def confidence_sequence_half_width(n: int, sigma: float, tau: float, alpha: float = 0.05) -> float:
    """Half-width around the mean that covers it at all times together with probability 1 - alpha. Source: as above."""
    s2, t2 = sigma**2, tau**2
    ratio = n * t2 / s2
    return math.sqrt(s2 * (s2 + n * t2) / (n**2 * t2) * (2.0 * math.log(1.0 / alpha) + math.log1p(ratio)))


def betting_wealth(outcomes: ArrayLike, stake: float) -> FloatArray:
    """(T,) wealth after each of (T,) outcomes at a fixed stake from 1: an e-process where outcomes have mean at most zero.

    Refused where 1 + stake x outcome is negative: the stake must respect the largest possible loss.
    Source: Waudby-Smith and Ramdas (2024), JRSS B 86.
    """
    factors = 1.0 + stake * finite_series(outcomes, "outcomes")
    if factors.size and factors.min() < 0:
        raise Refused(
            f"expected a stake whose worst factor is not negative, got {factors.min()}: bet at most 1 / the largest loss"
        )
    return np.asarray(np.cumprod(factors))


def e_bh(e_values: ArrayLike, alpha: float) -> int:
    """How many of the largest e-values may be rejected at false discovery rate `alpha`, under any dependence.

    The largest k with e_(k) >= N / (k alpha). Source: Wang and Ramdas (2022), JRSS B 84.
    """
    ordered = np.sort(finite_series(e_values, "e-values"))[::-1]
    k = np.arange(1, ordered.size + 1)
    passing = np.flatnonzero(np.round(ordered * k * alpha - ordered.size, ROUNDING_DECIMALS) >= 0)
    return int(passing[-1]) + 1 if passing.size else 0
