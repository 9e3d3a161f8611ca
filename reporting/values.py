"""Nouns that both pages share: modes, unknown values, links, and the series behind the plots."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Self, TypeAlias
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, PositiveFloat, model_validator

from domain.model import Frozen


class Mode(StrEnum):
    """What the figures come from; `SIMULATED` is printed on every page that shows any of them."""

    SIMULATED = "SIMULATED"
    SHADOW = "SHADOW"
    LIVE = "LIVE"


class Unknown(Frozen):
    """A value that has a source which did not answer: printed as `UNKNOWN since …`, never as 0."""

    since_us: int | None = None
    """The last moment at which it was known; None where it never was."""
    why: str = ""


Quantity: TypeAlias = float | Unknown | None
"""A number, a known gap, or None where no source exists: the field is then left out of the page."""


def _relative(link: str) -> str:
    parts = urlsplit(link)
    if not link or parts.scheme or parts.netloc or link.startswith("/") or "\\" in link or any(c.isspace() for c in link):
        raise ValueError("expected a relative link such as gates/pod-a.html")
    return link


RelativeLink: TypeAlias = Annotated[str, AfterValidator(_relative)]
"""An address beside the page: without scheme, host or leading slash, so that a copied folder still works."""

Days: TypeAlias = tuple[float | None, ...]
"""One number a day, None where there is none."""

ALPHA = "alpha"
"""The key of the residual part in `PodSeries.parts`; it is drawn first."""


class PodSeries(Frozen):
    """Daily history of one pod, or of the desk; every sequence has the length of `day_us`."""

    pod: str
    day_us: tuple[int, ...] = Field(min_length=1)
    """Start of each UTC day."""
    cumulative_return: Days
    """Net, compounded since the first day, fraction: 0.5 is +50 %."""
    drawdown: Days
    """Below the high-water mark, fraction, positive: 0.1 is 10 % under water."""
    parts: Mapping[str, Days] = {}
    """Daily return split, fraction of capital; they add to the net return. Keys are printed as they are: alpha, BTC beta, …"""
    live_from_us: int | None = None
    """First live day: earlier days are drawn pale, as backtest."""

    @model_validator(mode="after")
    def _lengths_agree(self) -> Self:
        columns = {"cumulative_return": self.cumulative_return, "drawdown": self.drawdown, **self.parts}
        for name, values in columns.items():
            if len(values) != len(self.day_us):
                raise ValueError(f"{name} of {self.pod!r} has {len(values)} days, day_us has {len(self.day_us)}: give one each")
        return self


class Shortfall(Frozen):
    """Implementation shortfall against the decision price, notional-weighted; positive is a cost (Perold 1988, Wagner)."""

    pod: str
    orders: int
    notional_usd: float
    """Decision notional of all orders."""
    parts_bps: Mapping[str, float] = Field(min_length=1)
    """Delay, trading (or spread, impact, timing), opportunity, fees: bp of decision notional; they add to the total."""
    total_low_bps: float | None = None
    """Lower end of the 95 % interval of the total."""
    total_high_bps: float | None = None

    @property
    def total_bps(self) -> float:
        return sum(self.parts_bps.values())


class CapacityCurve(Frozen):
    """What trading a pod costs at each size: square-root impact plus spread and fees."""

    pod: str
    capital_usd: tuple[PositiveFloat, ...] = Field(min_length=2)
    """Rising."""
    cost_bps: tuple[PositiveFloat, ...]
    """Average cost, bp of traded notional, at each `capital_usd`."""
    limit_usd: float | None = None
    """Today's limit, marked on the curve."""
    capacity_usd: float | None = None
    """The size at which the cost budget is spent."""

    @model_validator(mode="after")
    def _lengths_agree(self) -> Self:
        if len(self.capital_usd) != len(self.cost_bps):
            raise ValueError(
                f"capacity curve of {self.pod!r}: {len(self.capital_usd)} sizes but {len(self.cost_bps)} costs: give one each"
            )
        return self


class TrialCount(Frozen):
    """How many configurations stand behind one strategy: the N of its deflated Sharpe ratio."""

    strategy: str
    unique: int
    """Distinct (code, parameters, universe, sample) on the record."""
    elsewhere: int
    """Declared by the author as tried before the record began."""
    effective: float | None = None
    """Independent ones among them, by clusters of their returns."""
    sharpe_bar_annual: float | None = None
    """The Sharpe ratio that the best of so many worthless trials is expected to show."""
