"""Each pod's limit within its cluster, before the book is looked at as a whole.

A cluster of correlated pods is one bet: together its members get at most the largest tier cap, the largest capacity and one
risk budget, so that a copy of a pod adds nothing. Inside, limits go by inverse volatility. Members are taken as perfectly
correlated when the cluster's volatility is formed: a copy with a little noise of its own must not look like diversification.
"""

from dataclasses import dataclass

import numpy as np

from allocation.capacity import Bound
from allocation.desk import Desk
from allocation.optimise import Infeasible, Optimised, inverse_volatility_weights, risk_budget_weights
from allocation.request import Frame, PodCase
from allocation.risk import covariance, volatility_annual
from domain.arrays import FloatArray

LEARNING = "learning capital"


@dataclass(frozen=True)
class Plan:
    """(N,) limits and floors in USD by the frame's pods, the bounds behind them, and the method of the risk budgets."""

    limit_usd: FloatArray
    floor_usd: FloatArray
    bounds: tuple[tuple[Bound, ...], ...]
    method: str


def plan(desk: Desk, frame: Frame, groups: tuple[tuple[int, ...], ...]) -> Plan | Infeasible:
    """Limits by cluster: tier cap, capacity and risk budget, never below a pod's floor. `frame` leaves out the retired."""
    volatility = volatility_annual(frame.daily_return)
    funded = tuple(tuple(i for i in group if is_funded(desk, frame.pods[i])) for group in groups)
    unknown = [frame.pods[i].pod for group in funded for i in group if not volatility[i] > 0]
    if unknown:
        return Infeasible("volatility", f"{unknown[0]} is above the first tier without 60 days that move: its risk is unknown")
    budgets, method = _risk_budgets(desk, frame, funded, volatility)
    floors = np.array([_floor(desk, case) for case in frame.pods])
    limits, bounds = floors.copy(), [_floor_bounds(desk, case) for case in frame.pods]
    for group, members, budget in zip(groups, funded, budgets, strict=True):
        if members:
            learning = float(sum(floors[i] for i in group if i not in members))
            at, cases = list(members), [frame.pods[i] for i in members]
            for i, (limit, listed) in zip(at, _members(desk, cases, learning, budget, volatility[at], floors[at]), strict=True):
                limits[i], bounds[i] = limit, listed
    return Plan(limits, floors, tuple(bounds), method)


def is_funded(desk: Desk, case: PodCase) -> bool:
    """Whether a pod takes part in the risk budgets: above the first tier and of known capacity."""
    return desk.ladder.index(case.decision.tier) > 0 and case.capacity.usd is not None


def _floor(desk: Desk, case: PodCase) -> float:
    return min(bound.usd for bound in _floor_bounds(desk, case))


def _floor_bounds(desk: Desk, case: PodCase) -> tuple[Bound, ...]:
    if case.capacity.tradable_usd is None:
        below = "" if desk.ladder.index(case.decision.tier) == 0 else f" (capacity unknown: {case.capacity.note})"
        return (Bound(f"{LEARNING}{below}", float(desk.floor_usd)),)
    learning = Bound(LEARNING, float(desk.floor_usd))
    tradable = Bound(f"capacity: {case.capacity.tradable_binding}", case.capacity.tradable_usd)
    return tuple(sorted((learning, tradable), key=lambda bound: bound.usd))


def _risk_budgets(
    desk: Desk, frame: Frame, funded: tuple[tuple[int, ...], ...], volatility: FloatArray
) -> tuple[list[Bound], str]:
    """One budget in USD for each cluster (0 where none of it is funded), at the desk's volatility target."""
    active = [members for members in funded if members]
    budgets = [Bound("no risk budget", 0.0)] * len(funded)
    if not active:
        return budgets, "learning capital alone"
    splits = [_inverse(volatility[list(members)]) for members in active]
    returns = np.column_stack([frame.daily_return[:, members] @ split for members, split in zip(active, splits, strict=True)])
    together = np.array([volatility[list(members)] @ split for members, split in zip(active, splits, strict=True)])
    across = covariance(returns, together)
    weights, method = _weights(across.annual)
    risk = float(np.sqrt(weights @ across.annual @ weights))
    usd = weights * desk.volatility_target_annual * desk.nav_usd / risk
    for position, members in enumerate(active):
        name = "+".join(frame.names[i] for i in members)
        budgets[funded.index(members)] = Bound(f"risk budget of {name}", float(usd[position]))
    return budgets, f"{method}, {across.method}"


def _weights(annual: FloatArray) -> tuple[FloatArray, str]:
    answer = risk_budget_weights(annual, np.ones(len(annual)))
    if isinstance(answer, Optimised):
        return answer.weights, f"{answer.method} by cluster (Riskfolio-Lib)"
    fallback = inverse_volatility_weights(annual)
    if isinstance(fallback, Infeasible):
        raise AssertionError(fallback.message)  # volatilities were found positive before
    return fallback.weights, f"fallback {fallback.method} by cluster ({answer.constraint}: {answer.message})"


def _members(
    desk: Desk, cases: list[PodCase], learning: float, budget: Bound, volatility: FloatArray, floors: FloatArray
) -> list[tuple[float, tuple[Bound, ...]]]:
    """Limit and bounds of each of a cluster's funded pods; `learning` is what its pods on learning capital hold."""
    own = [_own_bounds(desk, case) for case in cases]
    upper = np.array([min(bound.usd for bound in listed) for listed in own])
    lower, split = np.minimum(floors, upper), _inverse(volatility)
    shared = learning > 0 or len(cases) > 1
    totals = [budget, *(_shared_bounds(desk, cases) if shared else ())]
    answers = []
    for place, floor in enumerate(floors):
        # What the cluster leaves to this pod, its own bounds aside: else those would show twice.
        open_ended = np.where(np.arange(len(cases)) == place, np.inf, upper)
        of_cluster = [
            Bound(total.name, float(_share_out(total.usd - learning, split, lower, open_ended)[place])) for total in totals
        ]
        listed = sorted([*own[place], *of_cluster], key=lambda bound: bound.usd)
        if listed[0].usd <= floor:
            listed[0] = Bound(f"{LEARNING} ({listed[0].name})", float(floor))
        answers.append((listed[0].usd, tuple(listed)))
    return answers


def _own_bounds(desk: Desk, case: PodCase) -> list[Bound]:
    tier = desk.ladder.tiers[desk.ladder.index(case.decision.tier)]
    capacity = Bound(f"capacity: {case.capacity.binding}", float(case.capacity.usd or 0.0))
    return [Bound(f"tier cap {tier.name}", float(tier.cap_usd)), capacity]


def _shared_bounds(desk: Desk, cases: list[PodCase]) -> list[Bound]:
    names = "+".join(case.pod for case in cases)
    tiers = [desk.ladder.tiers[desk.ladder.index(case.decision.tier)] for case in cases]
    largest = max(tiers, key=lambda tier: tier.cap_usd)
    capacity = max(float(case.capacity.usd or 0.0) for case in cases)
    return [
        Bound(f"tier cap {largest.name} shared by {names}", float(largest.cap_usd)),
        Bound(f"capacity shared by {names}", capacity),
    ]


def _inverse(volatility: FloatArray) -> FloatArray:
    inverse = 1 / volatility
    return np.asarray(inverse / inverse.sum())


def _share_out(total: float, split: FloatArray, lower: FloatArray, upper: FloatArray) -> FloatArray:
    """A total by the split, each part within its bounds, what one cannot take going to the others; monotone in the total."""
    if total <= lower.sum():
        return lower
    if total >= upper.sum():
        return upper
    # Parts clip(level * split, lower, upper): between two kinks their sum is linear in the level.
    highest = np.max(np.where(np.isfinite(upper), upper, total) / split)
    kinks = np.unique(np.concatenate([lower / split, np.minimum(upper / split, highest)]))
    sums = np.array([np.clip(kink * split, lower, upper).sum() for kink in kinks])
    level = float(np.interp(total, sums, kinks))
    return np.clip(level * split, lower, upper)
