"""Compounded equity and how far below its peak it stands."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from domain.arrays import FloatArray
from measures.series import finite_series


def equity(returns: ArrayLike) -> FloatArray:
    """(T,) simple returns -> (T,) compounded wealth from 1 before the first; a loss beyond everything is ruin, which stays 0."""
    return np.asarray(np.cumprod(np.maximum(1.0 + finite_series(returns), 0.0)))


def total_return(returns: ArrayLike) -> float | None:
    """Compounded return of the whole series; None without any."""
    wealth = equity(returns)
    return float(wealth[-1] - 1.0) if wealth.size else None


def underwater(returns: ArrayLike) -> FloatArray:
    """(T,) fraction below the highest wealth so far, the starting 1 included: 0 at a peak, 1 at ruin."""
    wealth = equity(returns)
    return np.asarray(1.0 - wealth / np.maximum(np.maximum.accumulate(wealth), 1.0)) if wealth.size else wealth


@dataclass(frozen=True)
class Drawdown:
    """The deepest fall; positions count returns, and -1 stands for the start."""

    depth: float
    """Positive fraction of the peak."""
    peak: int
    trough: int
    recovered: int | None
    """First position at or above the peak again; None while under water."""


def deepest_drawdown(returns: ArrayLike) -> Drawdown | None:
    """The first of the deepest falls; depth 0 where wealth never falls; None without returns."""
    depth = underwater(returns)
    if not depth.size:
        return None
    trough = int(depth.argmax())
    at_peak = np.flatnonzero(depth[: trough + 1] == 0.0)
    after = np.flatnonzero(depth[trough:] == 0.0)
    return Drawdown(
        depth=float(depth[trough]),
        peak=int(at_peak[-1]) if at_peak.size else -1,
        trough=trough,
        recovered=trough + int(after[0]) if after.size else None,
    )


def max_drawdown(returns: ArrayLike) -> float | None:
    """Depth of the deepest fall, a positive fraction; None without returns."""
    found = deepest_drawdown(returns)
    return None if found is None else found.depth
