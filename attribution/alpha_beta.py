"""Alpha and beta of a pod's daily returns."""

import math
from dataclasses import dataclass

import numpy as np

from attribution.beta_split import BetaSplit, rolling_beta_before, split_pnl
from domain.arrays import BoolArray, FloatArray
from domain.errors import Refused
from domain.times import DAYS_PER_YEAR
from measures.intervals import student_quantile
from measures.lags import newey_west_lags
from measures.regression import Regression, regress
from measures.undefined import Undefined

MIN_DAYS = 60
"""Fewer complete days cannot carry an intercept beside two betas for each benchmark."""
RECENT_DAYS = 180


@dataclass(frozen=True)
class Attribution:
    """`r_t = alpha + beta' f_t + lagged beta' f_{t-1} + e_t`, and the split of PnL by betas known beforehand.

    The lagged returns catch marks that are taken at different times. Beta here is the sum of both (Dimson 1979). Every
    t-statistic divides by the larger of the OLS and the Newey-West standard error; NaN where the fit is exact and there is none.
    """

    benchmarks: tuple[str, ...]
    days: int
    """Days in the regression: those on which nothing is missing, today or the day before."""
    alpha_annual: float
    alpha_annual_low: float
    alpha_annual_high: float
    """Ends of the 95 % interval."""
    alpha_t: float
    alpha_t_ols: float
    alpha_t_hac: float
    hac_lags: int
    beta: FloatArray
    """(K,)"""
    beta_low: FloatArray
    beta_high: FloatArray
    r_squared: float
    idio_volatility_annual: float
    appraisal_ratio_annual: float
    """Annual alpha over annual idiosyncratic volatility."""
    recent_alpha_t: float | Undefined
    """Over the last 180 days alone."""
    decay_z: float | Undefined
    """Mean alpha of the last 180 days less that before, over its standard error: negative where the edge has faded."""
    beta_before: FloatArray
    """(D, K) rolling betas known before each day."""
    split: BetaSplit


def attribute(
    pod_return: FloatArray, benchmark_return: FloatArray, names: tuple[str, ...], *, recent_days: int = RECENT_DAYS
) -> Attribution | Undefined:
    """Attribute (D,) daily returns to (D, K) benchmarks.

    A day on which a benchmark is NaN (the first has no return yet) leaves the regression and the beta PnL, with the day after it.
    Undefined where fewer than 60 complete days remain, returns do not vary, or benchmarks are constant or collinear.
    Refused where a pod's return is missing: missing is never zero. Source: Paleologo (2021, 2025); Newey and West (1987, 1994).
    """
    design, complete = _design(pod_return, benchmark_return, names)
    y, x = pod_return[complete], design[complete]
    if len(y) < MIN_DAYS:
        return Undefined(f"{len(y)} complete days, at least {MIN_DAYS} are needed")
    fit = _regress(y, x)
    if isinstance(fit, Undefined):
        return fit
    alpha, half = float(fit.coefficient[0]), float(fit.se_gate[0]) * student_quantile(0.95, fit.dof)
    beta, beta_half = _beta(fit, x, len(names))
    beta_before = rolling_beta_before(pod_return, benchmark_return)
    idio = fit.residual_sd
    exact = not math.isfinite(half)
    return Attribution(
        benchmarks=names,
        days=fit.n,
        alpha_annual=alpha * DAYS_PER_YEAR,
        alpha_annual_low=(alpha - half) * DAYS_PER_YEAR,
        alpha_annual_high=(alpha + half) * DAYS_PER_YEAR,
        alpha_t=alpha / float(fit.se_gate[0]),
        alpha_t_ols=alpha / float(fit.se_ols[0]),
        alpha_t_hac=alpha / float(fit.se_hac_small_sample[0]),
        hac_lags=fit.lags,
        beta=beta,
        beta_low=beta - beta_half,
        beta_high=beta + beta_half,
        r_squared=fit.r_squared,
        idio_volatility_annual=idio * math.sqrt(DAYS_PER_YEAR),
        appraisal_ratio_annual=math.nan if exact else alpha / idio * math.sqrt(DAYS_PER_YEAR),
        recent_alpha_t=_recent_alpha_t(y, x, recent_days),
        decay_z=_decay_z(y, x, recent_days),
        beta_before=beta_before,
        split=split_pnl(pod_return, beta_before, benchmark_return),
    )


def _design(pod_return: FloatArray, benchmark_return: FloatArray, names: tuple[str, ...]) -> tuple[FloatArray, BoolArray]:
    """(D, 1 + 2K): ones, today's benchmark returns, yesterday's; and (D,) which rows are complete."""
    if benchmark_return.shape != (len(pod_return), len(names)):
        raise Refused(f"expected benchmarks {(len(pod_return), len(names))} for {names}, got {benchmark_return.shape}")
    missing = int(np.count_nonzero(~np.isfinite(pod_return)))
    if missing:
        raise Refused(f"expected a return for every day of the pod, got {missing} missing: attribute the days that it has")
    yesterday = np.full_like(benchmark_return, np.nan)
    yesterday[1:] = benchmark_return[:-1]
    design = np.column_stack([np.ones(len(pod_return)), benchmark_return, yesterday])
    complete: BoolArray = np.all(np.isfinite(design), axis=1)
    return design, complete


def _regress(y: FloatArray, x: FloatArray) -> Regression | Undefined:
    return regress(y, x, newey_west_lags(len(y)))


def _beta(fit: Regression, x: FloatArray, k: int) -> tuple[FloatArray, FloatArray]:
    """(K,) sums of today's and yesterday's betas, and the half-widths of their 95 % intervals by OLS."""
    both = np.hstack([np.zeros((k, 1)), np.eye(k), np.eye(k)])
    covariance = np.linalg.pinv(x.T @ x, hermitian=True) * fit.residual_sd**2
    half = student_quantile(0.95, fit.dof) * np.sqrt(np.diag(both @ covariance @ both.T))
    return both @ fit.coefficient, half


def _recent_alpha_t(y: FloatArray, x: FloatArray, recent_days: int) -> float | Undefined:
    if len(y) < recent_days:
        return Undefined(f"{len(y)} complete days, {recent_days} are needed")
    fit = _regress(y[-recent_days:], x[-recent_days:])
    return fit if isinstance(fit, Undefined) else float(fit.coefficient[0] / fit.se_gate[0])


def _decay_z(y: FloatArray, x: FloatArray, recent_days: int) -> float | Undefined:
    """t-statistic of a dummy for the recent days: the difference of mean alphas at common betas, with its own error."""
    if len(y) < recent_days + MIN_DAYS:
        return Undefined(f"{len(y)} complete days, {recent_days + MIN_DAYS} are needed")
    recent = (np.arange(len(y)) >= len(y) - recent_days).astype(np.float64)
    fit = _regress(y, np.column_stack([x, recent]))
    return fit if isinstance(fit, Undefined) else float(fit.coefficient[-1] / fit.se_gate[-1])
