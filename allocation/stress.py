"""The book with every pod at its limit, and the cuts that bring it within the desk's bounds.

Every cut takes from what stands above the learning capital and none gives back, so that the order of cuts cannot cycle.
"""

from dataclasses import dataclass

import numpy as np

from allocation.btc_correlation import Book, correlation, least_cut
from allocation.desk import Desk
from allocation.optimise import Infeasible
from allocation.request import Frame
from allocation.risk import book_against_btc, covariance, volatility_annual
from domain.arrays import BoolArray, FloatArray

_ROUNDS_MAX = 60
_MARGIN = 1e-9
GROSS, VOLATILITY, BETA_LONG, BETA_SHORT, CORRELATION = (
    "desk gross limit",
    "desk volatility",
    "BTC-beta dollars, all long",
    "BTC-beta dollars, all short",
    "BTC-correlation stress",
)


@dataclass(frozen=True)
class Bounds:
    """Everything needed to judge limits of the live pods as one book; (N,) by pod, (N, N) annual covariance."""

    gross_limit_usd: float
    volatility_limit_usd: float
    beta_limit_usd: float
    correlation_cap: float
    covariance: FloatArray
    beta_long: FloatArray
    """BTC-beta dollars per USD of limit at the most long position held, stressed."""
    beta_short: FloatArray
    book: Book | None
    """None with too short a common history with BTC."""
    both_ways: BoolArray


@dataclass(frozen=True)
class Settled:
    """Limits within every bound, and for each constraint that cut, the limits right after it."""

    limit_usd: FloatArray
    cuts: tuple[tuple[str, FloatArray], ...]
    hedge_asked: bool


def bounds_of(desk: Desk, live: Frame) -> Bounds:
    """The bounds for pods that are not retired."""
    volatility = volatility_annual(live.daily_return)
    # Without a known volatility a pod counts at what every pod is told to run on its own limit.
    known = np.where(np.isfinite(volatility), volatility, desk.pod_volatility_target_annual)
    net_long = np.array([_largest(case.record.net_exposure) for case in live.pods], dtype=np.float64)
    net_short = np.array([_largest(-case.record.net_exposure) for case in live.pods], dtype=np.float64)
    return Bounds(
        gross_limit_usd=desk.gross_limit_share * desk.nav_usd,
        volatility_limit_usd=desk.volatility_limit_annual * desk.nav_usd,
        beta_limit_usd=desk.btc_beta_limit_share * desk.nav_usd,
        correlation_cap=desk.btc_correlation_cap,
        covariance=covariance(live.daily_return, known).annual,
        beta_long=net_long * desk.stressed_beta_to_btc,
        beta_short=net_short * desk.stressed_beta_to_btc,
        book=book_against_btc(live.daily_return, live.btc_return),
        both_ways=(net_long > 0) & (net_short > 0),
    )


def floors_infeasible(bounds: Bounds, floors: FloatArray) -> Infeasible | None:
    """Whether learning capital alone breaks a bound: then no allocation exists, and the constraint is named."""
    for name, value, limit in _linear_and_volatility(bounds, floors):
        if value > limit * (1 + _MARGIN):
            return Infeasible(name, f"learning capital alone comes to {value:,.0f} USD, {limit:,.0f} USD are allowed")
    return None


def settle(bounds: Bounds, limits: FloatArray, floors: FloatArray, cap: float) -> Settled:
    """Cut until every bound holds; the correlation with BTC to `cap`, or a hedge asked where no cut reaches it."""
    at, cuts, hedge_asked = limits, [], False
    for _ in range(_ROUNDS_MAX):
        before = at
        for name, _value, _limit in _linear_and_volatility(bounds, at):
            moved = _cut_one(bounds, name, at, floors)
            if not np.array_equal(moved, at):
                cuts.append((name, moved))
            at = moved
        if bounds.book is not None and correlation(bounds.book, at) > cap + _MARGIN:
            cut = least_cut(bounds.book, at, floors, cap)
            hedge_asked = cut is None
            if cut is not None:
                at = np.minimum(at, np.maximum(cut.limits, floors))
                cuts.append((CORRELATION, at))
        else:
            hedge_asked = False
        if np.array_equal(before, at):
            return Settled(at, tuple(cuts), hedge_asked)
    cuts.append((CORRELATION, floors))
    return Settled(floors, tuple(cuts), bounds.book is not None and correlation(bounds.book, floors) > cap)


def volatility_usd(bounds: Bounds, limits: FloatArray) -> float:
    """Annual, ex ante, at these limits."""
    return float(np.sqrt(limits @ bounds.covariance @ limits))


def _linear_and_volatility(bounds: Bounds, limits: FloatArray) -> tuple[tuple[str, float, float], ...]:
    return (
        (GROSS, float(limits.sum()), bounds.gross_limit_usd),
        (BETA_LONG, float(bounds.beta_long @ limits), bounds.beta_limit_usd),
        (BETA_SHORT, float(bounds.beta_short @ limits), bounds.beta_limit_usd),
        (VOLATILITY, volatility_usd(bounds, limits), bounds.volatility_limit_usd),
    )


def _cut_one(bounds: Bounds, name: str, at: FloatArray, floors: FloatArray) -> FloatArray:
    """Scale what stands above the floors, of the pods that bear on this bound, until it holds."""
    index = [entry[0] for entry in _linear_and_volatility(bounds, at)].index(name)
    _, value, limit = _linear_and_volatility(bounds, at)[index]
    if value <= limit * (1 + _MARGIN):
        return at
    bears = {BETA_LONG: bounds.beta_long > 0, BETA_SHORT: bounds.beta_short > 0}.get(name, np.ones(len(at), dtype=bool))
    low, high = 0.0, 1.0
    for _ in range(100):
        middle = (low + high) / 2
        trial = np.where(bears, floors + middle * (at - floors), at)
        fits = _linear_and_volatility(bounds, trial)[index][1] <= limit
        low, high = (middle, high) if fits else (low, middle)
    return np.where(bears, floors + low * (at - floors), at)


def _largest(exposure: FloatArray) -> float:
    known = exposure[np.isfinite(exposure)]
    return max(0.0, float(known.max())) if len(known) else 0.0
