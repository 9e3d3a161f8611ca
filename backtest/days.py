"""From bars to UTC days: which days are whole, and what each symbol closed at."""

import numpy as np

from domain.arrays import BoolArray, FloatArray, IntArray
from domain.errors import Refused
from domain.market import Panel
from domain.times import US_PER_DAY


def day_of_bar(panel: Panel) -> IntArray:
    """(T,) index of each bar's UTC day, counted from the day of the first bar.

    Raises Refused where bars do not tile a day or do not start on a multiple of their interval.
    """
    if US_PER_DAY % panel.interval_us or np.any(panel.open_time_us % panel.interval_us):
        raise Refused(
            f"expected bars that tile a UTC day, got an interval of {panel.interval_us / 1e6:g} s "
            "or a start between two bars: resample them first"
        )
    day = panel.open_time_us // US_PER_DAY
    return np.asarray(day - day[0], dtype=np.int64)


def whole_days(panel: Panel) -> tuple[IntArray, BoolArray]:
    """Starts of the UTC days that the time grid covers whole, (D,) microseconds, and which bars lie in them, (T,)."""
    day = day_of_bar(panel)
    whole = np.bincount(day) == panel.bars_per_day
    first = panel.open_time_us[0] // US_PER_DAY * US_PER_DAY
    return (first + np.flatnonzero(whole) * US_PER_DAY).astype(np.int64), whole[day]


def daily_closes(panel: Panel) -> tuple[IntArray, FloatArray]:
    """Starts of all UTC days touched, (D,) microseconds, and the last known close in each, (D, N); NaN on a day without a bar.

    The last day may still be open: whoever needs closed days takes those of `whole_days`.
    """
    day = day_of_bar(panel)
    days, symbols = int(day[-1]) + 1, len(panel.symbols)
    row = np.where(np.isfinite(panel.close), np.arange(len(day))[:, None], -1)
    starts = np.searchsorted(day, np.arange(days))
    last = np.maximum.reduceat(row, starts, axis=0)
    closes = np.where(last >= 0, panel.close[np.maximum(last, 0), np.arange(symbols)], np.nan)
    first = panel.open_time_us[0] // US_PER_DAY * US_PER_DAY
    return (first + np.arange(days) * US_PER_DAY).astype(np.int64), closes


def daily_returns(closes: FloatArray) -> FloatArray:
    """(D, N) simple close-to-close returns of (D, N) closes; the first row, and any day next to a missing close, is NaN."""
    returns = np.full_like(closes, np.nan)
    returns[1:] = closes[1:] / closes[:-1] - 1.0
    return returns


def known_next_day(daily: FloatArray, panel: Panel) -> FloatArray:
    """(T, N) from (D, N): every bar of a day sees the value of the day before, which was known when that day closed."""
    day = day_of_bar(panel)
    shifted = np.vstack([np.full((1, daily.shape[1]), np.nan), daily[:-1]])
    return shifted[day]
