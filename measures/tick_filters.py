"""The rules for quotes and trades of Barndorff-Nielsen, Hansen, Lunde and Shephard (2009), section 3.1, as flags.

Their P1 (hours of the exchange) and P3 (one exchange) are how a series is chosen; T1 and T2 (corrected trades, sale conditions)
have no counterpart where the venue sends neither. A rule that looks at both sides of a value is for looking back only.
"""

import numpy as np
from numpy.typing import ArrayLike

from domain.arrays import BoolArray, FloatArray, IntArray

SPREAD_MEDIANS = 50.0
MID_DEVIATIONS = 10.0
MID_WINDOW = 50


def zero_prices(*prices: ArrayLike) -> BoolArray:
    """P2: where one of the (N,) prices is not positive."""
    return np.asarray(~np.all(np.asarray(prices, dtype=np.float64) > 0, axis=0))


def negative_spreads(bid: ArrayLike, ask: ArrayLike) -> BoolArray:
    """Q2: where the (N,) ask is below the bid."""
    return np.asarray(ask, dtype=np.float64) < np.asarray(bid, dtype=np.float64)


def wide_spreads(bid: ArrayLike, ask: ArrayLike, day: ArrayLike) -> BoolArray:
    """Q3: where the spread is more than 50 times the median spread of its day; `day`: (N,) labels, any order."""
    spread = np.asarray(ask, dtype=np.float64) - np.asarray(bid, dtype=np.float64)
    _, which = np.unique(np.asarray(day), return_inverse=True)
    medians = np.array([np.median(spread[which == one]) for one in range(which.max() + 1)]) if spread.size else spread
    return spread > SPREAD_MEDIANS * medians[which]


def far_mids(bid: ArrayLike, ask: ArrayLike, floor: float, *, centred: bool = False, window: int = MID_WINDOW) -> BoolArray:
    """Q4: where the mid is more than 10 mean absolute deviations from the median of the `window` mids before it.

    `centred`: of half of them on each side, itself left out, as the paper has it. `floor`, in the price's unit, bounds the mean
    absolute deviation (about that median) from below: the quotes of a quiet market repeat. False where the window is not whole.
    """
    mid = (np.asarray(bid, dtype=np.float64) + np.asarray(ask, dtype=np.float64)) / 2.0
    far = np.zeros(mid.shape, dtype=np.bool_)
    if mid.size <= window:
        return far
    place = window // 2 if centred else window
    others = np.delete(np.lib.stride_tricks.sliding_window_view(mid, window + 1), place, axis=1)
    centre = np.median(others, axis=1)
    deviation = np.mean(np.abs(others - centre[:, None]), axis=1)
    inside = slice(place, place + len(others))
    far[inside] = np.abs(mid[inside] - centre) > MID_DEVIATIONS * np.maximum(deviation, floor)
    return far


def outside_quote(price: ArrayLike, bid: ArrayLike, ask: ArrayLike) -> BoolArray:
    """T4: where the (N,) trade lies beyond the quote in force by more than the spread; False where no quote is known (NaN)."""
    traded, low, high = (np.asarray(values, dtype=np.float64) for values in (price, bid, ask))
    spread = high - low
    return (traded > high + spread) | (traded < low - spread)


def merged_by_time(times: ArrayLike, prices: ArrayLike) -> tuple[IntArray, FloatArray]:
    """T3 and Q1: the distinct times, rising, and the median of the (N,) prices at each.

    >>> [part.tolist() for part in merged_by_time([2, 1, 2, 2], [5.0, 1.0, 7.0, 30.0])]
    [[1, 2], [1.0, 7.0]]
    """
    distinct, which = np.unique(np.asarray(times, dtype=np.int64), return_inverse=True)
    values = np.asarray(prices, dtype=np.float64)
    return distinct, np.array([np.median(values[which == one]) for one in range(distinct.size)], dtype=np.float64)
