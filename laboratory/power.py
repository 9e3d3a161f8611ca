"""How often the significance gates would let a real edge pass: why the planted ones have to be caricatures."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.stats import norm

from domain.times import DAYS_PER_YEAR
from measures.sharpe_inference import expected_max_sharpe

REAL_SHARPES_ANNUAL = (1.0, 1.5, 2.0)
"""True Sharpe ratios that good desks live on."""
DAYS_MAX = 200 * DAYS_PER_YEAR


@dataclass(frozen=True)
class GatePower:
    """Chance that a strategy of this true Sharpe ratio passes each gate on a sample of this length."""

    sharpe_annual: float
    days: int
    trials: int
    psr: float
    """Probability that PSR(0) reaches its threshold."""
    dsr: float
    """Probability that the deflated Sharpe ratio reaches its threshold, given `trials` configurations without skill beside it."""
    psr_needed_sharpe_annual: float
    """Smallest observed Sharpe ratio that passes PSR."""
    dsr_needed_sharpe_annual: float
    """Smallest observed Sharpe ratio that passes DSR."""
    dsr_days_for_80_percent: int | None
    """Days until DSR passes four times in five; None where that takes more than 200 years."""


def power_table(
    days: int,
    trials: int,
    *,
    psr_threshold: float,
    dsr_threshold: float,
    sharpes_annual: tuple[float, ...] = REAL_SHARPES_ANNUAL,
    trial_sharpe_sd_annual: float | None = None,
) -> tuple[GatePower, ...]:
    """One row for each true Sharpe ratio; thresholds are probabilities such as 0.95.

    `trial_sharpe_sd_annual`: standard deviation of the trials' Sharpe ratios; without it, what sampling alone gives.
    """
    return tuple(_row(sharpe, days, trials, psr_threshold, dsr_threshold, trial_sharpe_sd_annual) for sharpe in sharpes_annual)


def pass_probability(sharpe: float, benchmark: float, days: int, threshold: float) -> float:
    """P(PSR(benchmark) >= threshold) for independent normal returns of this true Sharpe ratio; both per day.

    The estimate is taken as normal with variance (1 + SR^2/2) / T. Source: Lo 2002, FAJ 58(4); Bailey and
    Lopez de Prado 2012, Journal of Risk 15(2).
    """
    needed = critical_sharpe(benchmark, days, threshold)
    return float(norm.sf((needed - sharpe) / np.sqrt((1.0 + sharpe**2 / 2.0) / days)))


def critical_sharpe(benchmark: float, days: int, threshold: float) -> float:
    """The observed daily Sharpe ratio at which PSR(benchmark) equals `threshold` (above one half), normal returns.

    Solves (SR - benchmark) sqrt(T - 1) = z sqrt(1 + SR^2 / 2); infinite where no finite ratio gets there.
    """
    z_squared = norm.ppf(threshold) ** 2
    a = (days - 1) - z_squared / 2.0
    if a <= 0:
        return float("inf")
    b = benchmark * (days - 1)
    c = benchmark**2 * (days - 1) - z_squared
    return float((b + np.sqrt(b**2 - a * c)) / a)


def _row(
    sharpe_annual: float, days: int, trials: int, psr_threshold: float, dsr_threshold: float, sd_annual: float | None
) -> GatePower:
    year = np.sqrt(DAYS_PER_YEAR)

    def benchmark(length: int) -> float:
        return expected_max_sharpe(trials, 1.0 / length if sd_annual is None else (sd_annual / year) ** 2)

    def deflated(length: int) -> float:
        return pass_probability(sharpe_annual / year, benchmark(length), length, dsr_threshold)

    return GatePower(
        sharpe_annual=sharpe_annual,
        days=days,
        trials=trials,
        psr=pass_probability(sharpe_annual / year, 0.0, days, psr_threshold),
        dsr=deflated(days),
        psr_needed_sharpe_annual=float(critical_sharpe(0.0, days, psr_threshold) * year),
        dsr_needed_sharpe_annual=float(critical_sharpe(benchmark(days), days, dsr_threshold) * year),
        dsr_days_for_80_percent=_days_for(deflated, 0.8),
    )


def _days_for(probability: Callable[[int], float], wanted: float) -> int | None:
    """The first number of days at which a probability that rises with them reaches `wanted`."""
    low, high = 2, DAYS_MAX
    if probability(high) < wanted:
        return None
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if probability(middle) >= wanted else (middle, high)
    return high
