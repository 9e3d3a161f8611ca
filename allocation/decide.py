"""The allocation of one cycle: a limit for every pod, and the constraint that binds it."""

import math
from dataclasses import replace

import numpy as np

from allocation.btc_correlation import Book, correlation, hedge_needed, worst_signs
from allocation.budgets import Plan, is_funded, plan
from allocation.capacity import Bound
from allocation.clusters import clusters, correlation_matrix
from allocation.desk import Desk
from allocation.optimise import Infeasible
from allocation.request import Allocation, AllocationRequest, Frame, PodCase, PodLimit, Stress, frame
from allocation.stress import Bounds, Settled, bounds_of, floors_infeasible, settle, volatility_usd
from domain.arrays import FloatArray


def allocate(request: AllocationRequest) -> Allocation | Infeasible:
    """Limits in whole multiples of the desk's grid, rounded down; the order of the pods does not matter.

    Tier cap, capacity and risk budget by cluster of correlated pods; then the book with every pod at its limit against the
    desk's gross, volatility, BTC-beta and BTC-correlation bounds. Learning capital is the floor of every pod that is not
    retired. Infeasible names the constraint that learning capital alone breaks, or what the optimiser cannot know.
    """
    desk, everybody = request.desk, frame(request)
    live_index = [i for i, case in enumerate(everybody.pods) if not case.retired]
    live = _pick(everybody, live_index)
    groups = _groups(desk, live)
    planned = plan(desk, live, groups)
    if isinstance(planned, Infeasible):
        return planned
    floors = _round_down(desk, planned.floor_usd)
    bounds = bounds_of(desk, live)
    problem = floors_infeasible(bounds, floors)
    if problem is not None:
        return problem
    asked = np.maximum(planned.limit_usd, floors)
    settled = _settle_on_grid(desk, bounds, asked, floors)
    lines = _lines(desk, live, groups, planned, settled)
    retired = [_retired_line(case) for case in everybody.pods if case.retired]
    return Allocation(
        limits=tuple(sorted([*lines, *retired], key=lambda line: line.pod)),
        method=planned.method,
        clusters=tuple(tuple(live.names[i] for i in group) for group in groups),
        stress=_stress(desk, live, bounds, asked, settled),
    )


def _pick(everybody: Frame, index: list[int]) -> Frame:
    return replace(everybody, pods=tuple(everybody.pods[i] for i in index), daily_return=everybody.daily_return[:, index])


def _groups(desk: Desk, live: Frame) -> tuple[tuple[int, ...], ...]:
    funded = np.array([is_funded(desk, case) for case in live.pods], dtype=np.bool_)
    return clusters(correlation_matrix(live.daily_return), funded, desk.cluster_correlation)


def _round_down(desk: Desk, usd: FloatArray) -> FloatArray:
    # A limit that equals a multiple but for summation order is that multiple.
    return np.asarray(np.floor(usd / desk.grid_usd + 1e-9) * desk.grid_usd)


def _settle_on_grid(desk: Desk, bounds: Bounds, asked: FloatArray, floors: FloatArray) -> Settled:
    """Cut and round in turn until rounding changes nothing: rounding alone may push a correlation over its cap again."""
    at = asked
    cuts: list[tuple[str, FloatArray]] = []
    while True:
        settled = settle(bounds, at, floors, bounds.correlation_cap)
        cuts.extend(settled.cuts)
        on_grid = _round_down(desk, settled.limit_usd)
        if np.array_equal(on_grid, at):
            return Settled(on_grid, tuple(cuts), settled.hedge_asked)
        at = on_grid


def _lines(desk: Desk, live: Frame, groups: tuple[tuple[int, ...], ...], planned: Plan, settled: Settled) -> list[PodLimit]:
    cluster_of = {i: "+".join(live.names[member] for member in group) for group in groups for i in group}
    lines = []
    for i, case in enumerate(live.pods):
        limit, listed = settled.limit_usd[i], list(planned.bounds[i])
        if limit < _round_down(desk, planned.limit_usd)[i]:
            listed.insert(0, _last_cut(settled, i))
        tier = desk.ladder.tiers[desk.ladder.index(case.decision.tier)]
        position = limit if case.capacity.position_usd is None else min(limit, case.capacity.position_usd)
        following = listed[1] if len(listed) > 1 else None
        lines.append(
            PodLimit(
                pod=case.pod,
                tier=tier.name,
                standing=case.decision.standing,
                limit_usd=int(limit),
                binding=listed[0].name,
                next_binding=following.name if following else "",
                next_usd=int(following.usd) if following and math.isfinite(following.usd) else None,
                max_position_usd=int(_round_down(desk, np.array(position))),
                max_loss_usd=int(tier.loss_budget_usd * limit / tier.cap_usd),
                cluster=cluster_of[i],
                bounds=tuple(listed),
            )
        )
    return lines


def _last_cut(settled: Settled, pod: int) -> Bound:
    """The constraint that last lowered this pod."""
    name, after = settled.cuts[0]
    level = math.inf
    for cut, limits in settled.cuts:
        if limits[pod] < level:
            name, after, level = cut, limits, float(limits[pod])
    return Bound(name, float(after[pod]))


def _retired_line(case: PodCase) -> PodLimit:
    reason = f"retired: {case.decision.reason}"
    return PodLimit(
        case.pod, case.decision.tier, case.decision.standing, 0, reason, "", None, 0, 0, case.pod, (Bound(reason, 0.0),)
    )


def _stress(desk: Desk, live: Frame, bounds: Bounds, asked: FloatArray, settled: Settled) -> Stress:
    limits, book = settled.limit_usd, bounds.book
    worst, signs = (None, ()) if book is None else worst_signs(book, limits, bounds.both_ways)
    hedge = hedge_needed(book, limits, desk.btc_correlation_cap) if book is not None and settled.hedge_asked else 0.0
    return Stress(
        gross_usd=float(limits.sum()),
        gross_limit_usd=bounds.gross_limit_usd,
        volatility_annual=volatility_usd(bounds, limits) / desk.nav_usd,
        volatility_limit_annual=desk.volatility_limit_annual,
        btc_beta_long_usd=float(bounds.beta_long @ limits),
        btc_beta_short_usd=float(bounds.beta_short @ limits),
        btc_beta_limit_usd=bounds.beta_limit_usd,
        btc_correlation_asked=_correlation(book, asked),
        btc_correlation=_correlation(book, limits),
        btc_correlation_cap=desk.btc_correlation_cap,
        btc_correlation_worst=worst,
        worst_signs=signs,
        pods=live.names,
        btc_hedge_usd=hedge,
        alarms=tuple(_alarms(desk, book is None, worst, hedge)),
    )


def _correlation(book: Book | None, limits: FloatArray) -> float | None:
    value = float("nan") if book is None else correlation(book, limits)
    return value if math.isfinite(value) else None


def _alarms(desk: Desk, unknown: bool, worst: float | None, hedge: float) -> list[str]:
    cap, alarms = desk.btc_correlation_cap, []
    if unknown:
        alarms.append("correlation with BTC unknown: fewer than 60 days that every pod and BTC have")
    if hedge:
        verb = "sell" if hedge > 0 else "buy"
        alarms.append(f"no cut of limits brings the correlation with BTC to {cap}: {verb} BTC worth {abs(hedge):,.0f} USD")
    if worst is not None and worst > cap:
        alarms.append(f"correlation with BTC reaches {worst:.2f} in the worst directions at full limits (cap {cap})")
    return alarms
