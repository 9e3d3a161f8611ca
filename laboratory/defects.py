"""Where the vendor of the simulated market errs, in rows and columns of the hourly grid."""

from dataclasses import dataclass, replace

import numpy as np

from domain.arrays import BoolArray, FloatArray, IntArray
from domain.times import US_PER_DAY, US_PER_HOUR, US_PER_MINUTE
from laboratory.bars import Bars, on_tick, price_ticks
from laboratory.settings import LaboratorySettings

UNFINISHED_SHARE = 0.4
"""Share of the last bar's move and volume that its unfinished version had seen."""


@dataclass(frozen=True)
class Defects:
    """Rows are indices of hourly bars, columns of symbols; a range of rows is [start, end)."""

    gap_column: int
    gap_rows: tuple[int, int]
    flat_column: int
    flat_row: int
    revised_column: int
    revised_rows: tuple[int, int]
    revision_known_us: int
    unfinished_column: int
    unfinished_row: int
    unfinished_known_us: int
    delisted_column: int
    delisted_row: int
    """The first hour without a bar."""


def place(settings: LaboratorySettings, closes_us: int) -> Defects:
    """The defects of these settings for a sample whose last bar closes at `closes_us`."""
    chosen = settings.defects
    names = [item.symbol for item in settings.symbols]
    rows = settings.days * 24
    gap_start = rows - chosen.gap_days_before_end * 24 + 9
    revised_start = rows - chosen.revised_days_before_end * 24
    return Defects(
        gap_column=names.index(chosen.gap_symbol),
        gap_rows=(gap_start, gap_start + chosen.gap_hours),
        flat_column=names.index(chosen.flat_symbol),
        flat_row=rows - chosen.flat_days_before_end * 24 + 3,
        revised_column=names.index(chosen.revised_symbol),
        revised_rows=(revised_start, revised_start + chosen.revised_hours),
        revision_known_us=closes_us - chosen.revision_days_before_end * US_PER_DAY,
        unfinished_column=names.index(chosen.unfinished_symbol),
        unfinished_row=rows - 1,
        unfinished_known_us=closes_us - chosen.unfinished_minutes_before_end * US_PER_MINUTE,
        delisted_column=names.index(chosen.delisted_symbol),
        delisted_row=rows - chosen.delisted_days_before_end * 24,
    )


def with_flat_bar(bars: Bars, defects: Defects) -> Bars:
    """The bars with one hour in which nothing traded: every price is the last one before it, every volume zero."""
    row, column = defects.flat_row, defects.flat_column
    last = bars.close[row - 1, column]
    changed = {name: _written(getattr(bars, name), row, column, last) for name in ("open", "high", "low", "close")}
    changed |= {name: _written(getattr(bars, name), row, column, 0.0) for name in ("volume", "taker_buy_volume")}
    return replace(bars, **changed)


def misstated(bars: Bars, defects: Defects, settings: LaboratorySettings) -> Bars:
    """The bars as first delivered: the prices that a revision will correct are off by one factor."""
    rows, column = slice(*defects.revised_rows), slice(defects.revised_column, defects.revised_column + 1)
    factor = 1.0 + settings.defects.revised_error_bps / 10_000.0
    ticks = price_ticks(settings)[column]
    changed = {}
    for name in ("open", "high", "low", "close"):
        values = getattr(bars, name).copy()
        values[rows, column] = on_tick(values[rows, column] * factor, ticks)
        changed[name] = values
    return replace(bars, **changed)


def listed(defects: Defects, shape: tuple[int, int]) -> BoolArray:
    """(T, N) True where a bar exists: neither in the gap nor after the delisting."""
    present = np.ones(shape, dtype=np.bool_)
    present[slice(*defects.gap_rows), defects.gap_column] = False
    present[defects.delisted_row :, defects.delisted_column] = False
    return present


def open_times_us(settings: LaboratorySettings, closes_us: int) -> IntArray:
    """(T,) opening times of the hourly bars, the last of which closes at `closes_us`."""
    rows = settings.days * 24
    return closes_us + US_PER_HOUR * np.arange(-rows, 0, dtype=np.int64)


def _written(values: FloatArray, row: int, column: int, value: float) -> FloatArray:
    copy = values.copy()
    copy[row, column] = value
    return copy
