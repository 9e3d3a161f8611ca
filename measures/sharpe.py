"""The Sharpe ratio, per period and by year."""

import math
from collections.abc import Sequence

from numpy.typing import ArrayLike

from domain.times import DAYS_PER_YEAR
from measures.moments import moments


def sharpe(returns: ArrayLike) -> float | None:
    """Mean over standard deviation (ddof 1) of (T,) simple returns, per period, no risk-free rate.

    None with fewer than 2 returns or zero variance; Refused on NaN. Source: Sharpe (1994).

    >>> sharpe([0.01, 0.01, 0.01]) is None
    True
    """
    found = moments(returns)
    return None if found is None else found.sharpe


def sharpe_annual(returns: ArrayLike, periods_per_year: float = DAYS_PER_YEAR) -> float | None:
    """The Sharpe ratio times the square root of the periods in a year: for display, never inside a test."""
    per_period = sharpe(returns)
    return None if per_period is None else per_period * math.sqrt(periods_per_year)


def serial_correlation_factor(q: int, autocorrelation: Sequence[float]) -> float | None:
    """What to multiply a per-period Sharpe ratio by to get that over q periods: eta(q) = q / sqrt(q + 2 sum (q-k) rho_k).

    `autocorrelation`: rho_1 .. rho_{q-1}. None where the variance over q periods is not positive. Source: Lo (2002), FAJ 58(4).

    >>> round(serial_correlation_factor(12, [0.0] * 11), 7)
    3.4641016
    """
    variance = q + 2.0 * math.fsum((q - k) * rho for k, rho in enumerate(autocorrelation[: q - 1], start=1))
    return q / math.sqrt(variance) if variance > 0 else None
