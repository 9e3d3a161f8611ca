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

from domain.arrays import IntArray

_RUN_MIN_ROWS = 64
_CLUSTER_MIN_ROWS = 5_000
"""More runs, or more overlapping stretches, for the rows there are cost more to put together than a permutation of all rows."""


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


def in_key_order(rows: pa.Table, time: str, threads: int) -> pa.Table:
    """The rows by (`symbol`, `time`), which tell them apart; neither column may hold a null. Chunks are of any length."""
    if rows.num_rows == 0:
        return rows
    batches = rows.to_batches()
    runs = _runs(batches, time)
    order = np.lexsort((runs.first_us, runs.symbol))
    bounds = _clusters(runs, order)
    crowded = np.flatnonzero(np.diff(bounds) > 1)
    if len(order) * _RUN_MIN_ROWS > rows.num_rows or len(crowded) * _CLUSTER_MIN_ROWS > rows.num_rows:
        order = np.lexsort((rows[time].to_numpy(), np.repeat(runs.symbol, runs.length)))
        return _taken(rows, order, threads)
    parts, done = [], 0
    for start, stop in zip(bounds[crowded], bounds[crowded + 1], strict=True):
        parts.append(pa.Table.from_batches(_pieces(batches, runs, order[done:start]), rows.schema))
        mixed = pa.Table.from_batches(_pieces(batches, runs, order[start:stop]), rows.schema)
        parts.append(_taken(mixed, np.argsort(mixed[time].to_numpy(), kind="stable"), threads))
        done = stop
    parts.append(pa.Table.from_batches(_pieces(batches, runs, order[done:]), rows.schema))
    return pa.concat_tables(parts)


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
        starts = np.union1d(np.concatenate([[0], ends[:-1]]), np.flatnonzero(times[1:] <= times[:-1]) + 1)
        stops = np.append(starts[1:], len(times))
        told = len(names) + np.searchsorted(ends, starts, side="right")
        names += symbols.values.to_pylist()
        parts.append((told, times[starts], times[stops - 1], np.full(len(starts), number), starts, stops - starts))
    told, *rest = (np.concatenate(column) for column in zip(*parts, strict=True))
    _, ranks = np.unique(np.array(names, dtype=object), return_inverse=True)
    return _Runs(ranks[told], *rest)


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
