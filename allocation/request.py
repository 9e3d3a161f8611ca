"""What an allocation is decided from, and what it comes to."""

from dataclasses import dataclass

import numpy as np

from allocation.capacity import Bound, Capacity
from allocation.desk import Desk
from domain.arrays import FloatArray, IntArray
from domain.errors import Refused
from domain.record import PodRecord
from domain.tiers import Standing, TierDecision


@dataclass(frozen=True)
class PodCase:
    """One pod: its record at one unit of limit, the tier in force, and what its markets can carry."""

    record: PodRecord
    decision: TierDecision
    capacity: Capacity

    @property
    def pod(self) -> str:
        return self.decision.pod

    @property
    def retired(self) -> bool:
        return self.decision.standing is Standing.RETIRED


@dataclass(frozen=True)
class AllocationRequest:
    """Pods in any order, and BTC's simple daily returns by UTC day."""

    desk: Desk
    pods: tuple[PodCase, ...]
    btc_day_us: IntArray
    btc_return: FloatArray


@dataclass(frozen=True)
class PodLimit:
    """One pod's limit and the constraints that set it."""

    pod: str
    tier: str
    standing: Standing
    limit_usd: int
    binding: str
    next_binding: str
    """What would bind if the first did not; empty where nothing would."""
    next_usd: int | None
    max_position_usd: int
    max_loss_usd: int
    cluster: str
    bounds: tuple[Bound, ...]
    """Every constraint looked at, least first; a floor shows under `learning capital`."""


@dataclass(frozen=True)
class Stress:
    """The book with every pod at its limit."""

    gross_usd: float
    gross_limit_usd: float
    volatility_annual: float
    """Ex ante, fraction of NAV."""
    volatility_limit_annual: float
    btc_beta_long_usd: float
    btc_beta_short_usd: float
    btc_beta_limit_usd: float
    btc_correlation_asked: float | None
    """Before any cut; None where the book has no risk or too short a common history."""
    btc_correlation: float | None
    btc_correlation_cap: float
    btc_correlation_worst: float | None
    """Over the directions that the pods can take: an alarm, not a bound."""
    worst_signs: tuple[int, ...]
    """By the pods of `pods`."""
    pods: tuple[str, ...]
    btc_hedge_usd: float
    """BTC to sell where no cut brings the correlation under its cap; 0 where none is needed."""
    alarms: tuple[str, ...]


@dataclass(frozen=True)
class Allocation:
    """Limits by pod name, and the state of the book at them."""

    limits: tuple[PodLimit, ...]
    method: str
    clusters: tuple[tuple[str, ...], ...]
    stress: Stress

    def limit(self, pod: str) -> PodLimit:
        for line in self.limits:
            if line.pod == pod:
                return line
        raise Refused(f"unknown pod {pod!r}: expected one of {[line.pod for line in self.limits]}")


@dataclass(frozen=True)
class Frame:
    """Pods sorted by name on one grid of days; NaN where a pod or BTC has no day."""

    pods: tuple[PodCase, ...]
    daily_return: FloatArray
    """(D, N)."""
    btc_return: FloatArray
    """(D,)."""

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(case.pod for case in self.pods)


def frame(request: AllocationRequest) -> Frame:
    """The request on one grid of days. Raises Refused on a name used twice."""
    pods = tuple(sorted(request.pods, key=lambda case: case.pod))
    names = [case.pod for case in pods]
    if len(set(names)) != len(names):
        raise Refused(f"allocation: expected each pod once, got {names}")
    days = np.unique(np.concatenate([request.btc_day_us, *(case.record.day_us for case in pods)]))
    daily_return = np.full((len(days), len(pods)), np.nan)
    for column, case in enumerate(pods):
        daily_return[np.searchsorted(days, case.record.day_us), column] = case.record.net_return
    btc_return = np.full(len(days), np.nan)
    btc_return[np.searchsorted(days, request.btc_day_us)] = request.btc_return
    return Frame(pods, daily_return, btc_return)
