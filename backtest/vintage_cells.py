"""The stretches of decisions that saw the same versions of bars which are no more."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from domain.arrays import IntArray
from domain.versions import Cells

FIELDS = ("open", "high", "low", "close", "volume", "taker_buy_volume", "funding_rate")


@dataclass(frozen=True)
class Epoch:
    """Decisions first <= t < end, which all saw the same versions; `oldest` is the first bar that was another than today's."""

    first: int
    end: int
    oldest: int


def epochs_of(cells: Mapping[str, Cells], decided_us: IntArray) -> tuple[Epoch, ...]:
    """The stretches of decisions on data that was not today's; `decided_us`: (T,) when each decision is taken, rising.

    A version matters from its bar's own decision on, so that bars corrected together are one epoch however many they are.
    """
    if not cells:
        return ()
    row, start, end = (np.concatenate(parts) for parts in zip(*(spans(one, decided_us) for one in cells.values()), strict=True))
    lived = start < end
    row, start, end = row[lived], start[lived], end[lived]
    edges = np.unique(np.concatenate([end, start[start > row]]))
    found = []
    for low, high in zip([0, *edges.tolist()], edges.tolist(), strict=False):
        here = (start < high) & (end > low)
        if here.any():
            found.append(Epoch(max(low, int(start[here].min())), high, int(row[here].min())))
    return tuple(found)


def spans(cells: Cells, decided_us: IntArray) -> tuple[IntArray, IntArray, IntArray]:
    """Bar of each cell, and the decisions first <= t < end that saw it; none where it was gone before its bar's own decision."""
    start = np.maximum(cells.row, np.searchsorted(decided_us, cells.from_us))
    return cells.row, start, np.maximum(start, np.searchsorted(decided_us, cells.until_us))


def rows_to_show(epochs: tuple[Epoch, ...], lookback_bars: int) -> int:
    """An upper bound of the bars that a strategy must be shown again."""
    return sum(epoch.end - max(0, epoch.oldest - lookback_bars + 1) for epoch in epochs)
