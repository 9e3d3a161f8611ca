"""The single-asset sweep kernel: the profit of many position paths on one price series."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numba import njit

from domain.arrays import FloatArray
from domain.errors import Refused

BLOCK_MIN = 512
"""Least columns for a thread of its own: memory delivers long runs of a row several times faster than short ones."""


def sweep_units(close: FloatArray, units: FloatArray, fee_rate: float, *, threads: int = 1) -> FloatArray:
    """(P,) profit in quote currency of holding units[t, p] from the close of bar t, traded at that close.

    close: (T,), units: (T, P) signed, C-contiguous; before the first bar nothing is held, the last position is marked at the
    last close. fee_rate: fraction of traded notional. Columns are worked on alone: the number of threads changes no bit.
    Raises Refused for a shape that does not fit, or where a NaN or infinity reaches a result.
    """
    if close.ndim != 1 or units.ndim != 2 or len(close) != len(units) or not len(close):
        raise Refused(f"expected close (T,) and units (T, P) of one length above 0, got {close.shape} and {units.shape}")
    prices, paths = np.require(close, np.float64, ("C", "W")), np.require(units, np.float64, ("C", "W"))
    total = np.zeros(paths.shape[1])
    blocks = max(1, min(threads, len(total) // BLOCK_MIN))
    edges = np.linspace(0, len(total), blocks + 1).astype(np.int64).tolist()
    if blocks == 1:
        _sweep(prices, paths, float(fee_rate), 0, len(total), total)
    else:
        with ThreadPoolExecutor(blocks) as pool:
            list(pool.map(lambda a, b: _sweep(prices, paths, float(fee_rate), a, b, total), edges[:-1], edges[1:]))
    if not np.isfinite(total).all():
        bad = int((~np.isfinite(total)).sum())
        raise Refused(f"expected finite prices and units, got {bad} of {len(total)} columns without a finite result")
    return total


@njit(nogil=True, cache=True)
def _sweep(close: FloatArray, units: FloatArray, fee_rate: float, first: int, last: int, total: FloatArray) -> None:
    """Columns first to last: `gain` and `held` stay in the core's own cache while the rows stream by."""
    count = last - first
    held, gain = np.zeros(count), np.zeros(count)
    before = close[0]
    for t in range(len(close)):
        price = close[t]
        move, fee = price - before, fee_rate * price
        row = units[t, first:last]
        for p in range(count):
            gain[p] += held[p] * move - np.abs(row[p] - held[p]) * fee
            held[p] = row[p]
        before = price
    total[first:last] = gain
