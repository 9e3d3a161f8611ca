"""How much capital a pod can carry: the least of what costs, participation and an exit in thin volume allow."""

import math
from dataclasses import dataclass

import numpy as np
from pydantic import Field

from domain.arrays import FloatArray
from domain.evidence import Figure
from domain.model import Frozen
from domain.record import PodRecord


class CapacityRules(Frozen):
    """The desk's bounds on trading, all as fractions."""

    cost_share_of_alpha: float = Field(gt=0)
    """Fees, spread and impact together may take this much of the gross return."""
    participation_of_adv: float = Field(gt=0)
    """Traded notional of a day in one symbol against its average daily volume."""
    exit_days: float = Field(gt=0)
    """A position must be closed within this time,"""
    exit_participation: float = Field(gt=0)
    """taking this share of the volume,"""
    stressed_volume_share: float = Field(gt=0)
    """when only this share of the usual volume trades."""


@dataclass(frozen=True)
class Liquidity:
    """(N,) by the record's symbols: average daily volume in USD and daily volatility; NaN where unknown."""

    adv_usd: FloatArray
    daily_volatility: FloatArray


@dataclass(frozen=True)
class Bound:
    """One constraint on the size, by name."""

    name: str
    usd: float


@dataclass(frozen=True)
class Capacity:
    """The largest capital and what sets it; `usd` None where it cannot be known, and `note` says why."""

    usd: float | None
    binding: str
    tradable_usd: float | None
    """Without the cost budget: what participation and exit alone allow. Learning capital counts only this."""
    tradable_binding: str
    position_usd: float | None
    """Largest position in any one symbol that can be left in time."""
    bounds: tuple[Bound, ...] = ()
    note: str = ""

    def figure(self, high_usd: float | None = None) -> Figure:
        """As evidence; `high_usd` is the capacity at the lower end of the impact coefficient."""
        return Figure(value=self.usd, unit="USD", low=self.usd, high=high_usd, note=self.note or self.binding)


def capacity(record: PodRecord, liquidity: Liquidity, rules: CapacityRules, impact_coefficient: float) -> Capacity:
    """Capacity of a pod from what it trades and holds per unit of capital; pass the upper end of the coefficient.

    Cost budget: fees and spread grow with capital, impact with its power 3/2 (square-root law, the day's trading in a symbol
    as one parent order), the gross return with capital. A symbol traded without known volume or volatility makes the
    answer unknown. Halving every volume halves participation, exit and the impact-limited size.
    """
    traded, held = record.traded_usd / record.capital_usd, record.position_mean_abs_usd / record.capital_usd
    used = (traded > 0) | (held > 0)
    if not used.any():
        return _unknown("the pod never traded")
    unknown = used & ~(np.isfinite(liquidity.adv_usd) & (liquidity.adv_usd > 0) & np.isfinite(liquidity.daily_volatility))
    if unknown.any():
        return _unknown(f"no known volume or volatility of {record.symbols[int(np.argmax(unknown))]}")
    tradable = [_participation(record, traded, liquidity, rules), _exit(record, held, liquidity, rules)]
    cost = _cost_budget(record, traded, liquidity, rules, impact_coefficient)
    bounds = sorted([*tradable, cost], key=lambda bound: (bound.usd, bound.name))
    least_tradable = min(tradable, key=lambda bound: (bound.usd, bound.name))
    position = float(np.min(_exit_volume(liquidity, rules)[used]))
    return Capacity(bounds[0].usd, bounds[0].name, least_tradable.usd, least_tradable.name, position, tuple(bounds))


def adv_share(record: PodRecord, liquidity: Liquidity, limit_usd: float) -> float:
    """Largest share of a symbol's average daily volume that a day's trading takes at this limit; NaN where unknown."""
    return float(np.max(_of_used(record.traded_usd, liquidity) * limit_usd / record.capital_usd))


def exit_days(record: PodRecord, liquidity: Liquidity, rules: CapacityRules, limit_usd: float) -> float:
    """Days to leave the mean position of the slowest symbol in stressed volume at this limit; NaN where unknown."""
    share = _of_used(record.position_mean_abs_usd, liquidity) * limit_usd / record.capital_usd
    return float(np.max(share / (rules.exit_participation * rules.stressed_volume_share)))


def cost_annual(record: PodRecord, liquidity: Liquidity, impact_coefficient: float, limit_usd: float) -> float:
    """Fees, spread and impact a year at this limit, as a fraction of it: the line of a capacity curve."""
    traded = record.traded_usd / record.capital_usd
    impact = _impact_per_root_usd(traded, liquidity, impact_coefficient) * math.sqrt(limit_usd)
    return 365 * (_linear_cost(record) + impact)


def _of_used(amount: FloatArray, liquidity: Liquidity) -> FloatArray:
    return np.divide(amount, liquidity.adv_usd, out=np.zeros(len(amount)), where=amount > 0)


def _participation(record: PodRecord, traded: FloatArray, liquidity: Liquidity, rules: CapacityRules) -> Bound:
    return _least("participation in", record, rules.participation_of_adv * liquidity.adv_usd, traded)


def _exit(record: PodRecord, held: FloatArray, liquidity: Liquidity, rules: CapacityRules) -> Bound:
    return _least("exit time in", record, _exit_volume(liquidity, rules), held)


def _exit_volume(liquidity: Liquidity, rules: CapacityRules) -> FloatArray:
    return rules.exit_days * rules.exit_participation * rules.stressed_volume_share * liquidity.adv_usd


def _least(name: str, record: PodRecord, allowed_usd: FloatArray, per_unit: FloatArray) -> Bound:
    sizes = np.divide(allowed_usd, per_unit, out=np.full(len(per_unit), np.inf), where=per_unit > 0)
    at = int(np.argmin(sizes))
    return Bound(f"{name} {record.symbols[at]}", float(sizes[at]))


def _cost_budget(
    record: PodRecord, traded: FloatArray, liquidity: Liquidity, rules: CapacityRules, impact_coefficient: float
) -> Bound:
    gross = float(np.mean(record.component["price"] + record.component["funding"] + record.component["borrow"]))
    left = rules.cost_share_of_alpha * gross - _linear_cost(record)
    if not left > 0:
        return Bound("cost budget: fees and spread alone exceed it", 0.0)
    per_root = _impact_per_root_usd(traded, liquidity, impact_coefficient)
    return Bound("cost budget", (left / per_root) ** 2 if per_root > 0 else math.inf)


def _linear_cost(record: PodRecord) -> float:
    """Fees and spread per day as a fraction of capital; a spread earned counts as nothing."""
    return max(0.0, -float(np.mean(record.component["fees"] + record.component["spread"])))


def _impact_per_root_usd(traded: FloatArray, liquidity: Liquidity, impact_coefficient: float) -> float:
    """k with impact per day = k sqrt(capital), as a fraction of capital; two thirds of the peak is paid."""
    active = traded > 0
    size = traded[active]
    per_symbol = size**1.5 * liquidity.daily_volatility[active] / np.sqrt(liquidity.adv_usd[active])
    return float(impact_coefficient / 1.5 * per_symbol.sum())


def _unknown(note: str) -> Capacity:
    return Capacity(None, "capacity unknown", None, "capacity unknown", None, (), note)
