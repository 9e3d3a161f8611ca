"""Is a series of bars whole, and is each bar possible? Counted, never repaired."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from domain.arrays import BoolArray
from domain.errors import Refused


@dataclass(frozen=True)
class GridAudit:
    """What of a regular grid is there, in the unit of the times."""

    expected: int
    """Stamps from the first to the last, both included."""
    unique: int
    missing: tuple[int, ...]
    duplicates: int
    out_of_order: int
    """Stamps before the one that was delivered ahead of them."""
    off_grid: int

    @property
    def completeness(self) -> float:
        """Stamps on the grid over stamps expected."""
        return (self.unique - self.off_grid) / self.expected


def audit_grid(times: Sequence[int], step: int) -> GridAudit:
    """The audit of (N,) stamps in the order of delivery, on the grid of `step` that starts with the earliest.

    Raises Refused where there is no stamp or the step is not positive.

    >>> audit_grid([0, 60, 180], 60).missing
    (120,)
    """
    if not len(times) or step <= 0:
        raise Refused(f"expected at least one stamp and a positive step, got {len(times)} and {step}")
    given = np.asarray(times, dtype=np.int64)
    unique = np.unique(given)
    due = np.arange(unique[0], unique[-1] + 1, step)
    return GridAudit(
        expected=due.size,
        unique=unique.size,
        missing=tuple(np.setdiff1d(due, unique).tolist()),
        duplicates=given.size - unique.size,
        out_of_order=int(np.count_nonzero(np.diff(given) < 0)),
        off_grid=int(np.count_nonzero((unique - unique[0]) % step)),
    )


@dataclass(frozen=True)
class BarAudit:
    """(N,) each."""

    valid: BoolArray
    """Low at most the body, high at least the body, prices positive, volume not negative, all finite."""
    stale: BoolArray
    """Valid, flat and without volume: nothing traded, which is no fault of the bar."""


def audit_bars(bars: ArrayLike) -> BarAudit:
    """The audit of (N, 5) open, high, low, close, volume. A NaN makes a bar invalid."""
    opened, high, low, close, volume = np.asarray(bars, dtype=np.float64).reshape(-1, 5).T
    ordered = (low <= np.minimum(opened, close)) & (high >= np.maximum(opened, close)) & (low > 0) & (volume >= 0)
    valid = ordered & np.isfinite(high) & np.isfinite(volume)
    return BarAudit(valid, valid & (high == low) & (volume == 0))
