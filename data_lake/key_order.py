"""An unordered scan put into key order: by whole runs where it can be, by a permutation where versions interleave.

Files of the lake are sorted, so a scan comes as runs of rising keys. Ordering some thousand runs copies nothing; sorting the rows
costs as much as reading them.
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from domain.arrays import BoolArray, IntArray

_SLICE_MIN_ROWS = 1_000
"""Slices of fewer rows on average cost more to put together than a copy."""
_CALM_MIN_ROWS = 1_000
"""A run of fewer rows is copied with the stretches that must be."""
_PLACE = np.int32
"""Row numbers within one answer or part of one: half the memory to go through."""
_HOLE_STEPS = 1_000
"""More of the least step are a hole: a thread that takes turns with another skips a row group, which has more rows."""


@dataclass(frozen=True)
class _Runs:
    """Stretches of one batch and one symbol with rising times, in the order of the scan.

    `symbol`: rank by name. `first_us`, `last_us`: times at the ends. `batch`, `offset`, `length`: where it lies.
    """

    symbol: IntArray
    first_us: IntArray
    last_us: IntArray
    batch: IntArray
    offset: IntArray
    length: IntArray


@dataclass(frozen=True)
class _Layout:
    """How the runs of a scan lie in key order.

    `sequence`: the runs in order. `bounds`: stretches of it whose runs overlap each other and no other. `lengths`: rows of each
    stretch. `calm`: those that need no copy.
    """

    runs: _Runs
    sequence: IntArray
    bounds: IntArray
    lengths: IntArray
    calm: BoolArray


def overlapping_rows(rows: pa.Table, time: str) -> int:
    """How many of the rows lie in stretches of a symbol where one run of the scan reaches into another."""
    if rows.num_rows == 0:
        return 0
    layout = _layout(rows.to_batches(), time)
    return int(layout.lengths[np.diff(layout.bounds) > 1].sum())


def in_key_order(rows: pa.Table, time: str, threads: int) -> pa.Table:
    """The rows by (`symbol`, `time`), which tell them apart; neither column may hold a null. Chunks are of any length."""
    if rows.num_rows == 0:
        return rows
    batches = rows.to_batches()
    layout = _layout(batches, time)
    runs, sequence, bounds, lengths, calm = layout.runs, layout.sequence, layout.bounds, layout.lengths, layout.calm
    if 2 * lengths[calm].sum() < rows.num_rows:
        return _sorted(rows, time, _positions(batches, runs, sequence), lengths, threads)
    told = np.repeat(calm, np.diff(bounds))
    mixed = pa.Table.from_batches(_pieces(batches, runs, sequence[~told]), rows.schema)
    mixed = _sorted(mixed, time, np.arange(mixed.num_rows, dtype=_PLACE), lengths[~calm], threads)
    parts, done = [], 0
    starts = np.flatnonzero(np.diff(calm, prepend=not calm[0]))
    for start, stop in zip(starts, [*starts[1:], len(calm)], strict=True):
        if calm[start]:
            parts.append(pa.Table.from_batches(_pieces(batches, runs, sequence[bounds[start] : bounds[stop]]), rows.schema))
        else:
            size = lengths[start:stop].sum()
            parts.append(mixed.slice(done, size))
            done += size
    return pa.concat_tables(parts)


def _layout(batches: list[pa.RecordBatch], time: str) -> _Layout:
    runs = _runs(batches, time)
    sequence = np.lexsort((runs.first_us, runs.symbol))
    bounds = _clusters(runs, sequence)
    lengths = np.add.reduceat(runs.length[sequence], bounds[:-1])
    return _Layout(runs, sequence, bounds, lengths, (np.diff(bounds) == 1) & (lengths >= _CALM_MIN_ROWS))


def _positions(batches: list[pa.RecordBatch], runs: _Runs, sequence: IntArray) -> IntArray:
    """The row numbers of the runs in this sequence."""
    bases = np.cumsum([0, *(batch.num_rows for batch in batches)])[runs.batch] + runs.offset
    lengths = runs.length[sequence]
    ends = np.cumsum(lengths)
    return np.arange(ends[-1], dtype=_PLACE) + np.repeat((bases[sequence] - ends + lengths).astype(_PLACE), lengths)


def _sorted(rows: pa.Table, time: str, order: IntArray, lengths: IntArray, threads: int) -> pa.Table:
    """The rows in this order, and each stretch of it (`lengths`) by time."""
    if len(order) == 0:
        return rows
    times = rows[time].to_numpy()[order]
    ends = np.cumsum(lengths)
    falls = np.flatnonzero(times[1:] < times[:-1]) + 1
    first = np.searchsorted(falls, ends - lengths, side="right")  # the fall at a stretch's own start is none of its
    unsorted = np.searchsorted(falls, ends) > first
    for start, stop in zip((ends - lengths)[unsorted], ends[unsorted], strict=True):
        order[start:stop] = order[start:stop][np.argsort(times[start:stop], kind="stable")]
    starts = np.concatenate([[0], np.flatnonzero(np.diff(order) != 1) + 1])
    if len(starts) * _SLICE_MIN_ROWS > len(order):
        return _taken(rows, order, threads)
    sizes = np.diff(starts, append=len(order))
    return pa.concat_tables([rows.slice(start, size) for start, size in zip(order[starts], sizes, strict=True)])


def _clusters(runs: _Runs, order: IntArray) -> IntArray:
    """Bounds of the stretches of `order` whose runs overlap each other and no other run: of one symbol, and mostly one run."""
    _, ranks = np.unique(np.concatenate([runs.first_us[order], runs.last_us[order]]), return_inverse=True)
    base = runs.symbol[order] * np.int64(len(ranks))
    first, last = base + ranks[: len(order)], base + ranks[len(order) :]
    apart = first[1:] > np.maximum.accumulate(last)[:-1]
    return np.concatenate([[0], np.flatnonzero(apart) + 1, [len(order)]])


def _runs(batches: list[pa.RecordBatch], time: str) -> _Runs:
    names: list[str] = []
    parts = []
    for number, batch in enumerate(batches):
        times = batch[time].to_numpy()
        symbols = pc.run_end_encode(batch["symbol"])
        ends = symbols.run_ends.to_numpy().astype(np.int64)
        starts = np.union1d(np.concatenate([[0], ends[:-1]]), _breaks(times))
        stops = np.append(starts[1:], len(times))
        told = len(names) + np.searchsorted(ends, starts, side="right")
        names += symbols.values.to_pylist()
        parts.append((told, times[starts], times[stops - 1], np.full(len(starts), number), starts, stops - starts))
    told, *rest = (np.concatenate(column) for column in zip(*parts, strict=True))
    _, ranks = np.unique(np.array(names, dtype=object), return_inverse=True)
    return _Runs(ranks[told], *rest)


def _breaks(times: IntArray) -> IntArray:
    """Where a run ends: before a time that does not rise, and before a hole, in which another thread's rows may belong."""
    steps = np.diff(times)
    rising = steps[steps > 0]
    hole = _HOLE_STEPS * rising.min() if len(rising) else 0
    return np.flatnonzero((steps <= 0) | (steps > hole)) + 1


def _pieces(batches: list[pa.RecordBatch], runs: _Runs, order: IntArray) -> Iterator[pa.RecordBatch]:
    """Slices of the batches, neighbours joined."""
    if len(order) == 0:
        return
    batch, offset, length = runs.batch[order], runs.offset[order], runs.length[order]
    joined = (batch[1:] == batch[:-1]) & (offset[1:] == offset[:-1] + length[:-1])
    starts = np.concatenate([[0], np.flatnonzero(~joined) + 1])
    for number, start, rows in zip(batch[starts], offset[starts], np.add.reduceat(length, starts), strict=True):
        yield batches[number].slice(start, rows)


def _taken(rows: pa.Table, order: IntArray, threads: int) -> pa.Table:
    places = pa.array(order)

    def taken(column: pa.ChunkedArray) -> pa.ChunkedArray:
        return column if _has_one_value(column) else column.combine_chunks().take(places)

    with ThreadPoolExecutor(threads) as pool:
        return pa.Table.from_arrays(list(pool.map(taken, rows.columns)), schema=rows.schema)


def _has_one_value(column: pa.ChunkedArray) -> bool:
    if column.null_count:
        return bool(column.null_count == len(column))
    return bool(pa.types.is_string(column.type) and pc.all(pc.equal(column, column[0])).as_py())
