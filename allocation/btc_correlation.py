"""Correlation of the book with BTC when every pod stands at its limit, and the least cut that brings it under a cap.

With u the limits and r_i = beta_i b + e_i, Omega = cov(e), s the volatility of BTC:

    rho(u) = (beta'u) s / sqrt((beta'u)^2 s^2 + u' Omega u)

rho does not change when all limits change by one factor, and it is smallest at a corner of the box of limits, so a book may
be beyond repair by cuts: then BTC must be hedged. Source: METHODS section 9.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np

from domain.arrays import BoolArray, FloatArray

_CORNERS_MAX_PODS = 14
"""Up to 2^14 corners are searched one by one; beyond, by changing one pod at a time."""
_STEPS_MAX = 500


@dataclass(frozen=True)
class Book:
    """What is known of N pods against BTC, for one period or one year throughout."""

    beta: FloatArray
    """(N,) return of one unit of limit for a unit return of BTC."""
    btc_volatility: float
    residual_covariance: FloatArray
    """(N, N) of the part that BTC does not explain."""


@dataclass(frozen=True)
class Cut:
    """Limits after the least reduction, and what it took."""

    limits: FloatArray
    factors: FloatArray
    """(N,) kept share of each limit."""
    objective: float
    """Sum of squared relative cuts."""


def correlation(book: Book, limits: FloatArray) -> float:
    """rho(u); NaN where the limits carry no risk at all."""
    with_btc = float(book.beta @ limits) * book.btc_volatility
    own = float(limits @ book.residual_covariance @ limits)
    total = with_btc**2 + own
    return with_btc / float(np.sqrt(total)) if total > 0 else float("nan")


def correlation_each(book: Book) -> FloatArray:
    """(N,) rho of each pod alone."""
    return np.array([correlation(book, unit) for unit in np.eye(len(book.beta))])


def feasible_by_cutting(book: Book, cap: float) -> bool:
    """Whether some mix of these pods stays within the cap: exactly if one of them does alone (rho is quasi-concave)."""
    return bool(np.nanmin(correlation_each(book)) <= cap)


def hedge_needed(book: Book, limits: FloatArray, cap: float) -> float:
    """Units of BTC to sell (positive) or buy (negative) so that |rho| is the cap; 0 where it is within already."""
    slope = cap / float(np.sqrt(1 - cap**2))
    own = float(np.sqrt(limits @ book.residual_covariance @ limits))
    exposure = float(book.beta @ limits)
    return float(np.sign(exposure)) * max(0.0, abs(exposure) - slope * own / book.btc_volatility)


def worst_signs(book: Book, limits: FloatArray, both_ways: BoolArray) -> tuple[float | None, tuple[int, ...]]:
    """The largest rho at full limits over the directions that the pods can take, and those directions; None without risk.

    A pod that goes one way only keeps +1. Corners are tried in one fixed order, so that ties fall the same way.
    """
    choices: list[tuple[float, ...]] = [(1, -1) if both else (1,) for both in both_ways]
    if not limits @ limits > 0 or math.isnan(correlation(book, limits)):
        return None, tuple(1 for _ in limits)
    if sum(map(bool, both_ways)) > _CORNERS_MAX_PODS:
        signs = _improve(np.ones(len(limits)), choices, lambda s: correlation(book, s * limits))
        return correlation(book, signs * limits), tuple(int(sign) for sign in signs)
    best, at = -math.inf, tuple(1 for _ in limits)
    for corner in product(*choices):
        value = correlation(book, np.array(corner) * limits)
        if value > best:
            best, at = value, tuple(int(sign) for sign in corner)
    return best, at


def least_cut(book: Book, limits: FloatArray, floors: FloatArray, cap: float) -> Cut | None:
    """The limits between `floors` and `limits` with rho <= cap that lose least, or None where no cut can do it.

    Minimises the sum of squared relative cuts by the sequential convex programme of METHODS section 9: the tangent of the
    norm makes each step a projection onto a half-space and a box, which has a closed form. Further starts at the corners
    of the box cover the cases where the first tangent leaves nothing. Deterministic.
    """
    if not correlation(book, limits) > cap:
        return Cut(limits, np.ones(len(limits)), 0.0)
    corner = _best_corner(book, limits, floors)
    if correlation(book, corner) > cap:
        return None
    found = [cut for start in (limits, corner) if (cut := _descend(book, limits, floors, cap, start)) is not None]
    return min(found, key=lambda cut: cut.objective) if found else _outcome(limits, corner)


def equal_factor(book: Book, limits: FloatArray, cuttable: BoolArray, cap: float) -> float | None:
    """The largest common factor on the cuttable pods at which rho is within the cap, or None where none is."""
    if not correlation(book, limits) > cap:
        return 1.0
    if not correlation(book, np.where(cuttable, 0.0, limits)) <= cap:
        return None
    low, high = 0.0, 1.0
    for _ in range(200):
        middle = (low + high) / 2
        low, high = (low, middle) if correlation(book, np.where(cuttable, middle * limits, limits)) > cap else (middle, high)
    return low


def _descend(book: Book, limits: FloatArray, floors: FloatArray, cap: float, start: FloatArray) -> Cut | None:
    total = np.outer(book.beta, book.beta) * book.btc_volatility**2 + book.residual_covariance
    with_btc = book.beta * book.btc_volatility**2
    at = start
    lowest = np.divide(floors, limits, out=np.ones(len(limits)), where=limits > 0)
    for _ in range(_STEPS_MAX):
        norm = float(np.sqrt(at @ total @ at))
        slope = limits * (with_btc - cap * book.btc_volatility * (total @ at) / norm)
        factors = _project(slope, lowest)
        if factors is None:
            return None
        moved = factors * limits
        if np.max(np.abs(moved - at) / np.maximum(limits, 1e-300)) < 1e-13:
            break
        at = moved
    return _outcome(limits, at)


def _project(slope: FloatArray, lowest: FloatArray) -> FloatArray | None:
    """The point of the box [lowest, 1] nearest to all ones with slope'x <= 0, or None."""
    scale = float(np.max(np.abs(slope)))
    if slope.sum() <= 0 or scale == 0:
        return np.ones(len(slope))
    steep = slope / scale
    falling = steep > 0
    if float(steep @ np.where(falling, lowest, 1.0)) > 0:
        return None
    # Along the multiplier m the answer is clip(1 - m steep): its kinks are where a coordinate meets its floor.
    kinks = np.unique(np.concatenate([[0.0], (1 - lowest[falling]) / steep[falling]]))
    values = np.array([float(steep @ _clipped(steep, lowest, kink)) for kink in kinks])
    after = int(np.argmax(values <= 0)) if np.any(values <= 0) else len(kinks) - 1
    if after == 0:
        return _clipped(steep, lowest, float(kinks[0]))
    span = values[after - 1] - values[after]
    share = values[after - 1] / span if span > 0 else 1.0
    return _clipped(steep, lowest, float(kinks[after - 1] + share * (kinks[after] - kinks[after - 1])))


def _clipped(steep: FloatArray, lowest: FloatArray, multiplier: float) -> FloatArray:
    return np.clip(1 - multiplier * steep, lowest, 1.0)


def _best_corner(book: Book, limits: FloatArray, floors: FloatArray) -> FloatArray:
    """The corner of the box with the smallest rho."""
    free = np.flatnonzero(limits > floors)
    if len(free) > _CORNERS_MAX_PODS:
        choices = [(float(high), float(low)) for low, high in zip(floors, limits, strict=True)]
        return _improve(limits, choices, lambda corner: -correlation(book, corner))
    best, at = math.inf, limits
    for picks in product((False, True), repeat=len(free)):
        corner = limits.copy()
        corner[free] = np.where(picks, floors[free], limits[free])
        value = correlation(book, corner)
        if value < best:
            best, at = value, corner
    return at


def _improve(start: FloatArray, choices: Sequence[tuple[float, ...]], score: Callable[[FloatArray], float]) -> FloatArray:
    """Change one coordinate at a time, in order, while the score rises: for books too large to try every corner."""
    at = np.array(start, dtype=np.float64)
    for _ in range(len(at)):
        before = at.copy()
        for index, values in enumerate(choices):
            trials = [np.where(np.arange(len(at)) == index, value, at) for value in values]
            at = max([at, *trials], key=score)
        if np.array_equal(before, at):
            break
    return at


def _outcome(limits: FloatArray, at: FloatArray) -> Cut:
    factors = np.divide(at, limits, out=np.ones(len(limits)), where=limits > 0)
    return Cut(at, factors, float(((1 - factors) ** 2).sum()))
