"""Where the vendor of the simulated market errs, in rows and columns of a window's hourly grid."""

from dataclasses import dataclass, replace

import numpy as np

from domain.arrays import BoolArray, FloatArray
from domain.times import US_PER_HOUR, from_datetime
from laboratory.bars import Bars, on_tick, price_ticks
from laboratory.settings import LaboratorySettings
from laboratory.window import Rows, Window

SNAPSHOT_HOURS = 6
"""Bars in the snapshot that carries the unfinished one; the others confirm what is known."""
UNFINISHED_SHARE = 0.4
"""Share of the unfinished bar's volume that had been traded when the snapshot was taken."""
NOWHERE: Rows = (0, 0)


@dataclass(frozen=True)
class Defects:
    """Columns are indices of the settings' symbols; rows are empty where the window does not have the defect."""

    gap_column: int
    gap_rows: Rows
    flat_column: int
    flat_rows: Rows
    revised_column: int
    misstated_rows: Rows
    """First delivered with an error."""
    corrected_rows: Rows
    """The same, where the revision was known by the end of the window."""
    snapshot_column: int
    snapshot_rows: Rows
    """The last of them was not over when the snapshot was taken."""
    delisted_column: int
    delisted_rows: Rows
    """From the first hour without a bar to the end of the window."""


def place(settings: LaboratorySettings, window: Window) -> Defects:
    """The defects of these settings as far as this window has them."""
    chosen = settings.defects
    names = [item.symbol for item in settings.symbols]
    gap_us, flat_us, revised_us, delisted_us, revision_us, taken_us = map(
        from_datetime,
        (
            chosen.gap_from,
            chosen.flat_at,
            chosen.revised_from,
            chosen.delisted_from,
            chosen.revision_known_at,
            chosen.unfinished_taken_at,
        ),
    )
    misstated = window.rows(revised_us, revised_us + chosen.revised_hours * US_PER_HOUR)
    unfinished_us = taken_us // US_PER_HOUR * US_PER_HOUR
    snapshot = window.rows(unfinished_us - (SNAPSHOT_HOURS - 1) * US_PER_HOUR, unfinished_us + US_PER_HOUR)
    return Defects(
        gap_column=names.index(chosen.gap_symbol),
        gap_rows=window.rows(gap_us, gap_us + chosen.gap_hours * US_PER_HOUR),
        flat_column=names.index(chosen.flat_symbol),
        flat_rows=window.rows(flat_us, flat_us + US_PER_HOUR),
        revised_column=names.index(chosen.revised_symbol),
        misstated_rows=misstated,
        corrected_rows=misstated if revision_us <= window.closes_us else NOWHERE,
        snapshot_column=names.index(chosen.unfinished_symbol),
        snapshot_rows=snapshot if taken_us <= window.closes_us else NOWHERE,
        delisted_column=names.index(chosen.delisted_symbol),
        delisted_rows=window.rows(delisted_us, window.closes_us),
    )


def with_flat_bar(bars: Bars, defects: Defects) -> Bars:
    """The bars with one hour in which nothing traded: every price is the last one before it, every volume zero.

    To be called on the history since the origin: the hour before the flat one may lie outside the window.
    """
    row, end = defects.flat_rows
    if row == end:
        return bars
    column = defects.flat_column
    last = bars.close[row - 1, column]
    changed = {name: _written(getattr(bars, name), row, column, last) for name in ("open", "high", "low", "close")}
    changed |= {name: _written(getattr(bars, name), row, column, 0.0) for name in ("volume", "taker_buy_volume")}
    return replace(bars, **changed)


def misstated(bars: Bars, defects: Defects, settings: LaboratorySettings) -> Bars:
    """The bars as first delivered: the prices that a revision will correct are off by one factor."""
    rows, column = slice(*defects.misstated_rows), slice(defects.revised_column, defects.revised_column + 1)
    factor = 1.0 + settings.defects.revised_error_bps / 10_000.0
    ticks = price_ticks(settings)[column]
    changed = {}
    for name in ("open", "high", "low", "close"):
        values = getattr(bars, name).copy()
        values[rows, column] = on_tick(values[rows, column] * factor, ticks)
        changed[name] = values
    return replace(bars, **changed)


def as_known(bars: Bars, defects: Defects, settings: LaboratorySettings) -> Bars:
    """The bars as known at the end of the window: misstated as long as no revision has come."""
    return bars if defects.corrected_rows == defects.misstated_rows else misstated(bars, defects, settings)


def listed(defects: Defects, shape: tuple[int, int]) -> BoolArray:
    """(T, N) True where a bar exists: neither in the gap nor after the delisting."""
    present = np.ones(shape, dtype=np.bool_)
    present[slice(*defects.gap_rows), defects.gap_column] = False
    present[slice(*defects.delisted_rows), defects.delisted_column] = False
    return present


def _written(values: FloatArray, row: int, column: int, value: float) -> FloatArray:
    copy = values.copy()
    copy[row, column] = value
    return copy
