"""The account of a simulation: a venue's rules as the kernel reads them, whether it ties, how near it came to liquidation."""

import numpy as np

from backtest.gaps import gap_returns
from backtest.kernel_data import BAR, CLOSE_EQUITY, CLOSE_MAINTENANCE, Rules, Simulated, no_rules
from domain.arrays import FloatArray
from domain.errors import Refused
from domain.instruments import Lot, TradingRules, schedule_arrays
from domain.market import Panel
from domain.pod import ExecutionProfile
from domain.record import Account
from domain.times import US_PER_DAY

HALF_A_CENT_USD = 0.005

MarkBand = tuple[FloatArray, FloatArray]
"""Least and greatest mark in each bar, (T, N) each; NaN where none is known, and the bar's own extreme stands for it."""


def kernel_rules(panel: Panel, rules: TradingRules | None, profile: ExecutionProfile, marks: MarkBand | None) -> Rules:
    """The rules by symbol of the panel; where there are no marks, the bars' extremes stand for them.

    The account is settled at each UTC midnight: capital is constant (ADR 2), so profit is taken out and loss made good daily.
    """
    settles = panel.open_time_us % US_PER_DAY == 0
    base = no_rules(len(panel.symbols), len(settles))._replace(
        settles=settles, leverage_max=leverage_limit(rules, profile) or np.inf
    )
    if rules is None:
        return base
    lots = [rules.lots.get(symbol) for symbol in panel.symbols]
    base = base._replace(
        quantity_step=_of(lots, "quantity_step"),
        quantity_min=_of(lots, "quantity_min"),
        notional_min_usd=_of(lots, "notional_min_usd"),
        price_tick=_of(lots, "price_tick"),
    )
    if rules.margin is None:
        return base
    floors, steps, leverage = schedule_arrays(tuple(rules.margin.schedule(symbol) for symbol in panel.symbols))
    low, high = panel.low, panel.high
    if marks is not None:
        low, high = (np.where(np.isfinite(mark), mark, bar) for mark, bar in zip(marks, (low, high), strict=True))
    return base._replace(
        liquidation_fee=rules.margin.liquidation_fee_bps / 1e4,
        floor_usd=floors,
        rate_step=steps,
        bracket_leverage=leverage,
        mark_low=np.require(low, np.float64, ("C", "W")),
        mark_high=np.require(high, np.float64, ("C", "W")),
    )


def leverage_limit(rules: TradingRules | None, profile: ExecutionProfile) -> float | None:
    """The tightest of the stated bounds on gross exposure over equity; None where none is stated."""
    account = None if rules is None or rules.margin is None else rules.margin.account_leverage_max
    return min((bound for bound in (account, profile.leverage_max) if bound is not None), default=None)


def require_ties(simulated: Simulated, *, capital_usd: float) -> float:
    """`residual_usd` of a simulation. Raises Refused from half a cent on: then the account does not add up."""
    residual = residual_usd(simulated, capital_usd=capital_usd)
    if not residual < HALF_A_CENT_USD:
        raise Refused(
            f"expected cash and positions to add up to the cent at every bar, they are {residual} USD apart: "
            "look for prices or volumes that are not possible"
        )
    return residual


def residual_usd(simulated: Simulated, *, capital_usd: float) -> float:
    """Greatest difference at any bar between cash plus positions at the mark and the capital plus every component so far."""
    position = np.where(simulated.units == 0.0, 0.0, simulated.units * simulated.mark).sum(axis=1)
    expected = capital_usd + np.cumsum(simulated.component.sum(axis=1))
    return float(np.abs(simulated.cash + position - expected).max(initial=0.0))


def distance_to_liquidation(panel: Panel, simulated: Simulated, rules: TradingRules) -> FloatArray:
    """(T,) by how much, at each close, every long may fall and every short rise at once until equity meets maintenance.

    A fraction of price: x = (E - M) / (sum over longs of n (1 - m) + sum over shorts of n (1 + m)), with n a position's
    notional, M the maintenance of all and m the rate of the bracket that n lies in. NaN without a position or margin rules.
    For one position this is |P - P_liq| / P of METHODS, section 16.
    """
    answer = np.full(len(simulated.equity), np.nan)
    if rules.margin is None:
        return answer
    floors, steps, _ = schedule_arrays(tuple(rules.margin.schedule(symbol) for symbol in panel.symbols))
    notional = _notional(simulated)
    maintenance, slope = np.zeros_like(notional), np.zeros_like(notional)
    for floor, step in zip(floors, steps, strict=True):
        maintenance += np.maximum(notional - floor, 0.0) * step
        slope += (notional > floor) * step
    gives = (notional * (1.0 - np.sign(simulated.units) * slope)).sum(axis=1)
    held = gives > 0
    answer[held] = (simulated.equity - maintenance.sum(axis=1))[held] / gives[held]
    return answer


def account_of(
    panel: Panel,
    simulated: Simulated,
    rules: TradingRules | None,
    profile: ExecutionProfile,
    *,
    capital_usd: float,
    daily_volatility: FloatArray,
    marked: bool,
) -> Account:
    """The account's own figures; see `domain.record.Account`."""
    residual, bound = require_ties(simulated, capital_usd=capital_usd), leverage_limit(rules, profile)
    gaps = gap_returns(panel, simulated, capital_usd=capital_usd)
    without = _without(panel, rules)
    if rules is None or rules.margin is None:
        none = np.zeros(0, dtype=np.int64)
        as_of = None if rules is None else rules.as_of
        return Account(residual, *gaps, as_of, without, bound, None, none, None, None, None, None)
    ended, distance = simulated.liquidation, distance_to_liquidation(panel, simulated, rules)
    known = np.flatnonzero(np.isfinite(distance))
    nearest = int(known[np.argmin(distance[known])]) if len(known) else None
    with np.errstate(divide="ignore", invalid="ignore"):
        notional = _notional(simulated)
        sigma = distance * notional.sum(axis=1) / np.where(notional > 0, notional * daily_volatility, 0.0).sum(axis=1)
    least = float(np.nanmin(sigma)) if np.isfinite(sigma).any() else None
    return Account(
        residual_usd=residual,
        data_gap=gaps[0],
        halt_gap=gaps[1],
        rules_as_of=rules.as_of,
        without=without,
        leverage_max=bound,
        marks="marks" if marked else "bar extremes",
        liquidated_us=panel.open_time_us[ended[:, BAR].astype(np.int64)],
        liquidated_at_close=int((ended[:, CLOSE_EQUITY] <= ended[:, CLOSE_MAINTENANCE]).sum()),
        distance_min=None if nearest is None else float(distance[nearest]),
        distance_min_sigma=least,
        distance_min_us=None if nearest is None else int(panel.close_time_us[nearest]),
    )


def _notional(simulated: Simulated) -> FloatArray:
    return np.asarray(np.where(simulated.units == 0.0, 0.0, np.abs(simulated.units * simulated.mark)))


def _of(lots: list[Lot | None], name: str) -> FloatArray:
    return np.array([0.0 if lot is None else getattr(lot, name) for lot in lots], dtype=np.float64)


def _without(panel: Panel, rules: TradingRules | None) -> tuple[str, ...]:
    """The rules that are not stated, so that nobody takes them for simulated."""
    if rules is None:
        return (f"lots, margin and liquidation: no rules of {panel.venue} {panel.market} are stated",)
    unknown = [symbol for symbol in panel.symbols if symbol not in rules.lots]
    missing = [f"lots of {', '.join(unknown)}"] if unknown else []
    return (*missing, *(() if rules.margin else ("margin and liquidation",)))
