"""Deciding bar by bar, as a live pod does, beside deciding on a whole history at once."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from backtest.future_changes import rows_of
from domain.arrays import FloatArray
from domain.errors import Refused
from domain.strategy import View

TOLERANCE = 1e-9

Ask = Callable[[View], FloatArray]


@dataclass(frozen=True)
class Disagreement:
    """A prediction that is another one when fewer bars before it are shown, though its declared lookback is among them."""

    check: str
    """`lookback alone`: from the declared lookback only, as in live stepping; `restart`: from a later first bar."""
    time_us: int
    """Close of the first bar whose prediction differs."""
    moved: float
    """By how much at most; inf where an opinion came or went, or where there was no answer."""


def stepped(ask: Ask, view: View, whole: FloatArray, rows: Sequence[int], *, lookback_bars: int) -> list[Disagreement]:
    """Ask at each row for its declared lookback alone; what differs from `whole`, (T, N) predictions at once, by over 1e-9."""
    found: list[Disagreement] = []
    for row in rows:
        try:
            alone = ask(rows_of(view, slice(max(0, row - lookback_bars + 1), row + 1)))[-1:]
        except Refused:
            alone = None
        found += disagreements("lookback alone", view, whole[row : row + 1], alone, row)
    return found


def disagreements(check: str, view: View, whole: FloatArray, other: FloatArray | None, first: int) -> list[Disagreement]:
    """At most one: the first row, counted from `first` of the view, where (K, N) predictions differ. `other` None: no answer."""
    if other is None:
        return [Disagreement(check, close_us(view, first), float("inf"))]
    differs = ~np.isclose(whole, other, rtol=0.0, atol=TOLERANCE, equal_nan=True)
    if not differs.any():
        return []
    row = int(np.flatnonzero(differs.any(axis=1))[0])
    return [Disagreement(check, close_us(view, first + row), largest(whole[row], other[row]))]


def largest(before: FloatArray, after: FloatArray) -> float:
    """Of the absolute differences; inf where one has an opinion and the other has none."""
    gap = np.abs(before - after)
    gap[np.isnan(before) & np.isnan(after)] = 0.0
    return float(np.where(np.isnan(gap), np.inf, gap).max())


def close_us(view: View, row: int) -> int:
    """When a bar closes: the time of its prediction."""
    return int(view.open_time_us[row] + view.interval_us)
