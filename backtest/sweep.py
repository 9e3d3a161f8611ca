"""The single-asset sweep kernel: the profit of many position paths on one price series."""

import numpy as np
from numba import njit, prange

from domain.arrays import FloatArray
from domain.errors import Refused

CHUNK = 64
"""Columns that one thread walks together: their state stays in its fastest cache and their row is read as one run."""


def sweep_units(close: FloatArray, units: FloatArray, fee_rate: float) -> FloatArray:
    """(P,) profit in quote currency of holding units[t, p] from the close of bar t, traded at that close.

    close: (T,), units: (T, P) signed, C-contiguous; before the first bar nothing is held, the last position is marked at the
    last close. fee_rate: fraction of traded notional. Column results do not depend on the number of threads.
    Raises Refused for a shape that does not fit, or where a NaN or infinity reaches a result.
    """
    if close.ndim != 1 or units.ndim != 2 or len(close) != len(units):
        raise Refused(f"expected close (T,) and units (T, P) of one length, got {close.shape} and {units.shape}")
    total = _sweep(np.require(close, np.float64, ("C", "W")), np.require(units, np.float64, ("C", "W")), float(fee_rate))
    if not np.isfinite(total).all():
        bad = int((~np.isfinite(total)).sum())
        raise Refused(f"expected finite prices and units, got {bad} of {len(total)} columns without a finite result")
    return total


@njit(nogil=True, cache=True, parallel=True)
def _sweep(close: FloatArray, units: FloatArray, fee_rate: float) -> FloatArray:
    length, paths = units.shape
    total = np.zeros(paths)
    for chunk in prange((paths + CHUNK - 1) // CHUNK):
        first = chunk * CHUNK
        count = min(CHUNK, paths - first)
        held, gain = np.zeros(count), np.zeros(count)
        before = close[0]
        for t in range(length):
            price = close[t]
            move, fee = price - before, fee_rate * price
            row = units[t, first : first + count]
            for p in range(count):
                gain[p] += held[p] * move - np.abs(row[p] - held[p]) * fee
                held[p] = row[p]
            before = price
        total[first : first + count] = gain
    return total
