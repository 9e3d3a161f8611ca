"""What a strategy did on the days on which markets broke."""

import datetime as dt
from dataclasses import dataclass
from typing import Self

import numpy as np
from pydantic import Field, model_validator

from domain.arrays import FloatArray, IntArray
from domain.model import Frozen
from domain.times import US_PER_DAY, from_datetime
from measures.drawdown import max_drawdown, total_return


class Crisis(Frozen):
    """UTC days, both ends included."""

    name: str = Field(min_length=1)
    first: dt.date
    last: dt.date

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.last < self.first:
            raise ValueError(f"{self.name}: ends on {self.last}, before it begins on {self.first}")
        return self


class Crises(Frozen):
    """Everything in `config/crises.yaml`."""

    crises: tuple[Crisis, ...]


@dataclass(frozen=True)
class InCrisis:
    """Compounded over the window; positive drawdown; the benchmark is None where a day of it is missing."""

    name: str
    first: dt.date
    days: int
    days_in_window: int
    total_return: float
    max_drawdown: float
    worst_day: float
    benchmark_return: float | None


def in_crises(day_us: IntArray, returns: FloatArray, benchmark: FloatArray, crises: Crises) -> tuple[InCrisis, ...]:
    """Every crisis that (D,) days of returns touch, in order of time; `days` below `days_in_window` means a part of it only."""
    found = []
    for crisis in sorted(crises.crises, key=lambda one: (one.first, one.name)):
        begin, end = (from_datetime(dt.datetime.combine(day, dt.time(), dt.UTC)) for day in (crisis.first, crisis.last))
        inside = (day_us >= begin) & (day_us < end + US_PER_DAY)
        if not inside.any():
            continue
        own, market = returns[inside], benchmark[inside]
        found.append(
            InCrisis(
                name=crisis.name,
                first=crisis.first,
                days=int(inside.sum()),
                days_in_window=(crisis.last - crisis.first).days + 1,
                total_return=total_return(own) or 0.0,
                max_drawdown=max_drawdown(own) or 0.0,
                worst_day=float(own.min()),
                benchmark_return=total_return(market) if np.isfinite(market).all() else None,
            )
        )
    return tuple(found)
