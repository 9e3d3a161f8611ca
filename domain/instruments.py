"""The terms on which a venue lets an instrument be traded: lots, ticks, and how a margined account ends."""

import math
from collections.abc import Mapping

import numpy as np
from pydantic import Field, model_validator

from domain.arrays import FloatArray
from domain.model import Frozen


class Lot(Frozen):
    """The grid of one instrument's orders."""

    quantity_step: float = Field(gt=0)
    """Orders and fills are whole multiples of it, in base units."""
    quantity_min: float = Field(default=0.0, ge=0)
    """Smaller orders are refused by the venue."""
    notional_min_usd: float = Field(default=0.0, ge=0)
    price_tick: float = Field(default=0.0, ge=0)
    """Prices are whole multiples of it, so a quoted spread is never narrower; 0 where it is not stated."""


class Bracket(Frozen):
    """One step of a margin schedule."""

    notional_from_usd: float = Field(ge=0)
    maintenance_rate: float = Field(gt=0, lt=1)
    """Of the part of the notional inside this bracket."""
    leverage_max: float = Field(ge=1)
    """Of a position whose notional reaches into this bracket."""


class Margin(Frozen):
    """How a margined account is held to its equity, by one venue's rules for one market."""

    account_leverage_max: float = Field(gt=0)
    """Gross exposure over equity that the desk allows an account."""
    liquidation_fee_bps: float = Field(ge=0)
    """Of the notional that a liquidation closes."""
    brackets: Mapping[str, tuple[Bracket, ...]]
    """Schedules by name; `default` is that of every symbol which `schedule_of` does not name."""
    schedule_of: Mapping[str, str] = {}

    @model_validator(mode="after")
    def _schedules_rise(self) -> "Margin":
        if "default" not in self.brackets:
            raise ValueError(f"expected a schedule named default, got {sorted(self.brackets)}")
        unknown = sorted(set(self.schedule_of.values()) - set(self.brackets))
        if unknown:
            raise ValueError(f"schedule_of names {unknown}, the schedules are {sorted(self.brackets)}")
        for name, schedule in self.brackets.items():
            floors = [bracket.notional_from_usd for bracket in schedule]
            rates = [bracket.maintenance_rate for bracket in schedule]
            if not schedule or floors[0] != 0 or floors != sorted(set(floors)) or rates != sorted(rates):
                raise ValueError(f"{name}: expected brackets from 0 upwards with rates that do not fall, got {floors}, {rates}")
        return self

    def schedule(self, symbol: str) -> tuple[Bracket, ...]:
        return self.brackets[self.schedule_of.get(symbol, "default")]


class TradingRules(Frozen):
    """What `config/instruments.yaml` states of one market of one venue; what it leaves out is not simulated."""

    as_of: str
    """Day of the statement: venues change these without notice."""
    lots: Mapping[str, Lot] = {}
    margin: Margin | None = None


def maintenance_usd(schedule: tuple[Bracket, ...], notional_usd: float) -> float:
    """Maintenance margin of one position: each bracket's rate on the part of the notional inside it.

    >>> steps = (Bracket(notional_from_usd=0, maintenance_rate=0.01, leverage_max=50),
    ...          Bracket(notional_from_usd=1000, maintenance_rate=0.02, leverage_max=20))
    >>> maintenance_usd(steps, 1500.0)
    20.0
    """
    ends = [*(bracket.notional_from_usd for bracket in schedule[1:]), math.inf]
    return sum(
        bracket.maintenance_rate * max(0.0, min(notional_usd, end) - bracket.notional_from_usd)
        for bracket, end in zip(schedule, ends, strict=True)
    )


def schedule_arrays(schedules: tuple[tuple[Bracket, ...], ...]) -> tuple[FloatArray, FloatArray, FloatArray]:
    """(B, N) floors in USD, increments of the maintenance rate at them, and largest leverage from them on.

    Maintenance of a notional x is the sum of increment x max(0, x - floor); shorter schedules end in floors at infinity.
    """
    depth = max((len(schedule) for schedule in schedules), default=0)
    floors = np.full((depth, len(schedules)), np.inf)
    increments, leverage = np.zeros((depth, len(schedules))), np.ones((depth, len(schedules)))
    for n, schedule in enumerate(schedules):
        rates = [0.0, *(bracket.maintenance_rate for bracket in schedule)]
        for b, bracket in enumerate(schedule):
            floors[b, n], leverage[b, n] = bracket.notional_from_usd, bracket.leverage_max
            increments[b, n] = rates[b + 1] - rates[b]
    return floors, increments, leverage
