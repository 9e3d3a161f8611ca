"""Funding stamps on the grid of bars: where a series speaks, and where it does not."""

import numpy as np

from domain.arrays import FloatArray, IntArray
from domain.times import US_PER_SECOND

HOLE_STEPS = 3.0
"""A gap longer than so many funding steps is a hole: what was paid inside it is unknown."""
_NEIGHBOURS = 9
"""Gaps around each other whose median is the local funding step: exchanges change it, and holes must not."""


def whole_seconds(stamp_us: IntArray) -> IntArray:
    """Stamps to the nearest second: venues write some of them milliseconds late."""
    return (stamp_us + US_PER_SECOND // 2) // US_PER_SECOND * US_PER_SECOND


def local_steps(stamp_us: IntArray) -> FloatArray:
    """(K-1,) the median of the gaps around each gap between (K,) rising stamps, microseconds."""
    gaps = np.diff(stamp_us).astype(np.float64)
    half = _NEIGHBOURS // 2
    padded = np.concatenate([np.full(half, np.nan), gaps, np.full(half, np.nan)])
    return np.asarray(np.nanmedian(np.lib.stride_tricks.sliding_window_view(padded, _NEIGHBOURS), axis=1), dtype=np.float64)


def spans(stamp_us: IntArray) -> IntArray:
    """(R, 2) start and end of the runs of (K,) rising stamps without a hole; a run ends one step after its last stamp.

    A lone stamp shows no step and so covers nothing.
    """
    if len(stamp_us) < 2:
        return np.empty((0, 2), dtype=np.int64)
    steps = local_steps(stamp_us)
    holes = np.flatnonzero(np.diff(stamp_us) > HOLE_STEPS * steps)
    starts = np.concatenate([stamp_us[:1], stamp_us[holes + 1]])
    ends = np.concatenate([stamp_us[holes] + steps[holes], stamp_us[-1:] + steps[-1:]])
    return np.column_stack([starts, ends.astype(np.int64)])


def on_grid(stamp_us: IntArray, rate: FloatArray, open_time_us: IntArray, interval_us: int) -> FloatArray:
    """(T,) the rates stamped inside each bar, summed; 0 in a bar that a run covers whole and that has no stamp, NaN elsewhere.

    stamp_us, rate: (K,) in rising order. open_time_us: (T,) rising by `interval_us`.
    """
    answer = np.full(len(open_time_us), np.nan)
    stamps = whole_seconds(stamp_us)
    for start, end in spans(np.unique(stamps)):
        answer[(open_time_us >= start) & (open_time_us + interval_us <= end)] = 0.0
    bar = (stamps - open_time_us[0]) // interval_us
    inside = (stamps >= open_time_us[0]) & (bar < len(open_time_us))
    np.add.at(answer, bar[inside], rate[inside])
    return answer
