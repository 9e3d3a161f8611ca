"""Daily returns split into what known betas explain and the rest."""

from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from domain.arrays import FloatArray
from domain.errors import Refused

WINDOW_DAYS = 90
MIN_DAYS = 30


@dataclass(frozen=True)
class BetaSplit:
    """`beta_pnl` (D, K) and `alpha_pnl` (D,) add to the return of each day."""

    beta_pnl: FloatArray
    alpha_pnl: FloatArray


def split_pnl(pod_return: FloatArray, beta_before: FloatArray, benchmark_return: FloatArray) -> BetaSplit:
    """Beta PnL = beta known before the day x the benchmark's return; alpha PnL = all the rest, the intercept included.

    `pod_return` (D,), the others (D, K). A benchmark that is missing (NaN) on a day is credited with nothing that day: the return
    stays in alpha PnL. Source: Paleologo (2021), Advanced Portfolio Management, chapter 5.
    """
    if beta_before.shape != benchmark_return.shape or len(pod_return) != len(beta_before):
        raise Refused(f"expected returns (D,) with betas and benchmarks (D, K), got {pod_return.shape}, {beta_before.shape}")
    beta_pnl = np.where(np.isfinite(benchmark_return), beta_before * benchmark_return, 0.0)
    return BetaSplit(beta_pnl, pod_return - beta_pnl.sum(axis=1))


def rolling_beta_before(
    pod_return: FloatArray, benchmark_return: FloatArray, *, window_days: int = WINDOW_DAYS, min_days: int = MIN_DAYS
) -> FloatArray:
    """Betas known before each day: OLS with intercept on the `window_days` days that end the day before. (D,), (D, K) -> (D, K).

    Days with a missing value are left out of the window; with fewer than `min_days` left the beta is zero, so that nothing is
    explained by a guess. Collinear benchmarks share the beta by least squares of smallest norm.
    """
    known = np.isfinite(pod_return) & np.isfinite(benchmark_return).all(axis=1)
    design = np.column_stack([np.ones(len(pod_return)), benchmark_return])
    design = np.where(known[:, None], design, 0.0)
    response = np.where(known, pod_return, 0.0)
    x = _windows_before(design, window_days)
    y = _windows_before(response[:, None], window_days)
    gram = np.einsum("dkw,dlw->dkl", x, x)
    moment = np.einsum("dkw,dlw->dkl", x, y)
    coefficient = np.linalg.pinv(gram, rcond=1e-10, hermitian=True) @ moment
    enough = gram[:, 0, 0] >= min_days
    return np.where(enough[:, None], coefficient[:, 1:, 0], 0.0)


def _windows_before(rows: FloatArray, window_days: int) -> FloatArray:
    """(D, K) -> (D, K, window): for each day the rows before it; zeros stand for days before the first."""
    padded = np.concatenate([np.zeros((window_days, rows.shape[1])), rows[:-1]])
    return sliding_window_view(padded, window_days, axis=0)
