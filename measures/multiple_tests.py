"""p-values of many tests at once, by statsmodels; and what is left of a Sharpe ratio that was the best of many."""

import math
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtr, stdtr, stdtrit

from domain.arrays import FloatArray
from domain.errors import Refused
from measures.series import finite_series

MONTHS = 12


class Correction(StrEnum):
    """By statsmodels' names. The first three hold the chance of any false discovery, the others the share of false ones."""

    BONFERRONI = "bonferroni"
    SIDAK = "sidak"
    HOLM = "holm"
    BH = "fdr_bh"
    """Benjamini and Hochberg (1995): tests independent or positively dependent."""
    BHY = "fdr_by"
    """Benjamini and Yekutieli (2001): any dependence."""


def adjusted(p_values: ArrayLike, correction: Correction) -> FloatArray:
    """(K,) adjusted p-values of (K,) raw ones, in their order; compare each with the level wanted for all of them together.

    Refused on NaN and outside [0, 1]. Never adjust an adjusted value again.
    """
    from statsmodels.stats.multitest import multipletests

    p = finite_series(p_values, "p-values")
    if not p.size or p.min() < 0 or p.max() > 1:
        raise Refused(f"expected p-values from 0 to 1, got {p.tolist()}")
    return np.asarray(multipletests(p, method=correction.value)[1], dtype=np.float64)


def discoveries(p_values: ArrayLike, correction: Correction, level: float = 0.05) -> int:
    """How many tests are rejected at `level` after the correction."""
    return int(np.count_nonzero(adjusted(p_values, correction) <= level))


def two_sided_p(z: ArrayLike) -> FloatArray:
    """Of normal statistics."""
    return np.asarray(2.0 * ndtr(-np.abs(np.asarray(z, dtype=np.float64))))


@dataclass(frozen=True)
class Haircut:
    """What one correction leaves."""

    p: float
    sharpe_annual: float
    """The Sharpe ratio that would have had this p-value as the only test."""
    share_lost: float
    """Of the Sharpe ratio after the autocorrelation factor; NaN where that is not positive."""


@dataclass(frozen=True)
class HaircutSharpe:
    """Harvey and Liu's answer to one Sharpe ratio that was the best of many."""

    sharpe_annual: float
    """After the autocorrelation factor."""
    t: float
    p: float
    bonferroni: Haircut
    sidak: Haircut


def haircut_sharpe(sharpe_annual: float, months: int, trials: int, rho: float, *, sides: int = 2) -> HaircutSharpe | None:
    """Haircut of an annualised Sharpe ratio of monthly returns with first autocorrelation `rho`, best of `trials`.

    t = SR / sqrt(12) sqrt(T), Student with T - 1 degrees of freedom. None where |rho| >= 1 or there are fewer than 2 months.
    Source: Harvey and Liu (2015), JPM 42(1).
    """
    factor = _autocorrelation_factor(rho)
    if factor is None or months < 2 or trials < 1 or sides not in (1, 2):
        return None
    sharpe, dof = sharpe_annual * factor, months - 1
    t = sharpe * math.sqrt(months / MONTHS)
    p = sides * float(stdtr(dof, -abs(t) if sides == 2 else -t))

    def left(p_all: float) -> Haircut:
        remaining = math.sqrt(MONTHS / months) * -float(stdtrit(dof, p_all / sides))
        return Haircut(p_all, remaining, 1.0 - remaining / sharpe if sharpe > 0 else math.nan)

    sidak = -math.expm1(trials * math.log1p(-p)) if p < 1 else 1.0
    return HaircutSharpe(sharpe, t, p, left(min(1.0, trials * p)), left(sidak))


def _autocorrelation_factor(rho: float, q: int = MONTHS) -> float | None:
    """[1 + 2 rho / (1 - rho) (1 - (1 - rho^q) / (q (1 - rho)))]^(-1/2): Lo (2002) for an AR(1)."""
    if not abs(rho) < 1:
        return None
    return float((1.0 + 2.0 * rho / (1.0 - rho) * (1.0 - (1.0 - rho**q) / (q * (1.0 - rho)))) ** -0.5)
