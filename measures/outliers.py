"""Robust scores of single values against their surroundings. A value is flagged by its reader, never removed here."""

import numba
import numpy as np
from numpy.typing import ArrayLike

from domain.arrays import BoolArray, FloatArray
from domain.errors import Refused

NORMAL_MAD = 1.4826
"""Standard deviations of a normal sample in one median absolute deviation (MAD)."""


def modified_z(values: ArrayLike, mad_floor: float = 0.0) -> FloatArray:
    """0.6745 (x - median) / MAD of (N,) values, MAD at least `mad_floor`, in the unit of the values; |z| > 3.5 is usual.

    NaN stays NaN and counts for nothing; all NaN where the MAD and its floor are 0. Source: Iglewicz and Hoaglin (1993).

    >>> modified_z([1.0, 2.0, 3.0, 102.0]).round(3).tolist()
    [-1.012, -0.337, 0.337, 67.113]
    """
    series = np.asarray(values, dtype=np.float64)
    known = series[np.isfinite(series)]
    if known.size == 0:
        return np.full(series.shape, np.nan)
    centre = np.median(known)
    scale = max(float(np.median(np.abs(known - centre))), mad_floor)
    return 0.6745 * (series - centre) / scale if scale > 0 else np.full(series.shape, np.nan)


def hampel_scores(values: ArrayLike, window: int, mad_floor: float, *, centred: bool = False) -> FloatArray:
    """(x - median) / max(1.4826 MAD, floor) of (T,) values over a rolling window of known values; NaN where it is not whole.

    The window is the `window` known values *before* each, as it must be where the answer is acted on; `centred`, for looking
    back only: half of it on each side, the value itself left out. `mad_floor`, in the unit of the values, bounds 1.4826 MAD from
    below: on a flat stretch the MAD is 0. Raises Refused for an odd or empty window or a floor that is not positive.
    Source: Hampel (1974); Pearson, Neuvo, Astola and Gabbouj (2016).
    """
    if window < 2 or window % 2 or mad_floor <= 0:
        raise Refused(f"expected an even window of at least 2 and a positive floor, got {window} and {mad_floor}")
    series = np.ascontiguousarray(values, dtype=np.float64)
    place = np.flatnonzero(np.isfinite(series))
    scores = np.full(series.shape, np.nan)
    if place.size > window:
        known = series[place]
        scores[place] = _scores_around(known, window, mad_floor) if centred else _scores_after(known, window, mad_floor)
    return scores


def _scores_around(known: FloatArray, window: int, mad_floor: float) -> FloatArray:
    half, scores = window // 2, np.full(known.shape, np.nan)
    whole = np.lib.stride_tricks.sliding_window_view(known, window + 1)
    others = np.delete(whole, half, axis=1)
    centre = np.median(others, axis=1)
    spread = np.median(np.abs(others - centre[:, None]), axis=1)
    scores[half:-half] = (known[half:-half] - centre) / np.maximum(NORMAL_MAD * spread, mad_floor)
    return scores


@numba.njit(cache=True)
def _scores_after(known: FloatArray, window: int, mad_floor: float) -> FloatArray:
    """Keeps the window sorted: one value out, one in, and the MAD by walking outwards from the median."""
    scores = np.full(known.size, np.nan)
    held = np.sort(known[:window])
    half = window // 2
    for now in range(window, known.size):
        centre = (held[half - 1] + held[half]) / 2.0
        low, high, last, nearest = half - 1, half, 0.0, 0.0
        for _ in range(half + 1):
            last = nearest
            if high >= window or (low >= 0 and centre - held[low] <= held[high] - centre):
                nearest = centre - held[low]
                low -= 1
            else:
                nearest = held[high] - centre
                high += 1
        scores[now] = (known[now] - centre) / max(1.4826 * (last + nearest) / 2.0, mad_floor)
        gone, come = np.searchsorted(held, known[now - window]), known[now]
        while gone + 1 < window and held[gone + 1] < come:
            held[gone] = held[gone + 1]
            gone += 1
        while gone > 0 and held[gone - 1] > come:
            held[gone] = held[gone - 1]
            gone -= 1
        held[gone] = come
    return scores


def far_from_neighbours(
    prices: ArrayLike, neighbours: int, tick: float, *, trim: float = 0.1, centred: bool = False
) -> BoolArray:
    """Where |p - trimmed mean| >= 3 s + `tick`, over the `neighbours` prices before each, or (`centred`) half on each side.

    prices: (T,) in one currency, finite; `tick`, a few ticks of the price, protects flat stretches; `trim`: the share cut off
    from the two ends together, for mean and s (ddof 1) alike. False where the neighbourhood is not whole. Raises Refused for an
    odd or too small neighbourhood. Source: Brownlees and Gallo (2006), equation 1; `centred` is theirs.
    """
    series = np.asarray(prices, dtype=np.float64)
    cut = int(round(neighbours * trim / 2, 9))
    if neighbours % 2 or neighbours - 2 * cut < 2:
        raise Refused(f"expected an even neighbourhood of which {trim:g} may be cut, got {neighbours}")
    far = np.zeros(series.shape, dtype=np.bool_)
    if series.size <= neighbours:
        return far
    place = neighbours // 2 if centred else neighbours
    others = np.delete(np.lib.stride_tricks.sliding_window_view(series, neighbours + 1), place, axis=1)
    kept = np.sort(others, axis=1)[:, cut : neighbours - cut]
    inside = slice(place, place + len(others))
    far[inside] = np.abs(series[inside] - kept.mean(axis=1)) >= 3.0 * kept.std(axis=1, ddof=1) + tick
    return far
