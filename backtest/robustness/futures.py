"""What the same days could have come to in another order: paths by block bootstrap."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from backtest.validation.bootstrap import resampled_rows
from backtest.validation.superior import block_length
from domain.arrays import FloatArray
from domain.errors import Refused
from measures.series import finite_series, is_constant

QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
PATHS = 2_000


@dataclass(frozen=True)
class Fan:
    """Quantiles over paths; drawdowns are positive fractions."""

    wealth: FloatArray
    """(Q, T) compounded wealth from 1, by quantile of QUANTILES at each day."""
    max_drawdown: FloatArray
    """(Q,)"""
    final: FloatArray
    """(Q,) wealth at the end."""
    p_loss: float
    """Share of paths that end below 1."""
    block_days: float


def fan(returns: ArrayLike, *, seed: int, paths: int = PATHS, block_days: float | None = None) -> Fan:
    """Resample (T,) daily net returns into paths of the same length. Refused on NaN, fewer than 30 days and a constant series."""
    series = finite_series(returns)
    if series.size < 30 or is_constant(series):
        raise Refused(f"expected at least 30 days that vary, got {series.size}")
    block = block_days if block_days is not None else block_length(series[:, None])
    drawn = [np.cumprod(np.maximum(1.0 + series[rows], 0.0), axis=1) for rows in resampled_rows(series.size, block, paths, seed)]
    wealth = np.concatenate(drawn)
    depth = (1.0 - wealth / np.maximum(np.maximum.accumulate(wealth, axis=1), 1.0)).max(axis=1)
    return Fan(
        wealth=np.quantile(wealth, QUANTILES, axis=0),
        max_drawdown=np.quantile(depth, QUANTILES),
        final=np.quantile(wealth[:, -1], QUANTILES),
        p_loss=float(np.mean(wealth[:, -1] < 1.0)),
        block_days=block,
    )
