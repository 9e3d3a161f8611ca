"""A strategy's manifest, and what its one function receives."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from itertools import product
from typing import Literal

from pydantic import Field, model_validator

from domain.arrays import FloatArray, IntArray
from domain.market import Market
from domain.model import Frozen

Parameter = int | float
Parameters = Mapping[str, Parameter]


class Style(StrEnum):
    """How a strategy earns; latency budget and fill style are judged by it."""

    TREND = "trend"
    REVERSAL = "reversal"
    CROSS_SECTIONAL = "cross_sectional"
    CARRY = "carry"
    BETA = "beta"
    MARKET_MAKING = "market_making"
    NOISE = "noise"


class ExecutionIntent(Frozen):
    """The share of filled notional that the author means to provide as a maker."""

    maker_share_min: float = Field(ge=0, le=1)
    maker_share_max: float = Field(ge=0, le=1)


class Manifest(Frozen):
    """`manifest.yaml` of a strategy package."""

    name: str = Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")
    version: int = Field(ge=1)
    authors: tuple[str, ...] = Field(min_length=1)
    description: str = Field(min_length=10)
    hypothesis: str | None = Field(default=None, min_length=10)
    """What the author claims before the first result: by what sign, on what data, it would be found wrong."""
    style: Style
    execution: ExecutionIntent
    universe: Literal["all"] | tuple[str, ...]
    """`all`, or the symbols it trades."""
    markets: Mapping[Market, Literal["long_short", "long_only"]]
    """The markets it may trade and whether it goes short there; a short on spot needs a stated borrow rate."""
    horizon_hours: int = Field(ge=1)
    """How far ahead a prediction looks; a decision is taken once in this many hours, or oftener by `decide_every_hours`."""
    decide_every_hours: int = Field(ge=1)
    leverage_max: float | None = Field(default=None, gt=0)
    """The author's own bound on gross exposure over equity; the account's may be tighter, and the tighter one counts."""
    lookback_bars: int = Field(ge=1)
    """A prediction depends on at most this many bars up to its time."""
    parameters: Mapping[str, Parameter] = {}
    grid: Mapping[str, tuple[Parameter, ...]] = {}
    """The values tried for each parameter; where there are any, the chosen one was selected and PBO is asked."""
    trials_elsewhere: int = Field(ge=0)
    """Configurations evaluated before this record began; added to N."""
    entry: str = "strategy.py"
    """The file of the package that answers: Python code with `predict(view)`, or an executable."""
    protocol: Literal["python", "arrow", "csv"] = "python"
    """How it is asked: by a call, or over standard streams as an Arrow IPC stream or as CSV (`docs/strategies.md`)."""

    @model_validator(mode="after")
    def _names_an_author(self) -> "Manifest":
        if not all(author.strip() for author in self.authors) or not self.description.strip():
            raise ValueError(f"authors and description must not be blank, got {list(self.authors)} and {self.description!r}")
        return self

    @model_validator(mode="after")
    def _grid_names_parameters(self) -> "Manifest":
        strangers = sorted(set(self.grid) - set(self.parameters))
        if strangers:
            raise ValueError(f"grid names {strangers}, which are not among the parameters {sorted(self.parameters)}")
        return self

    def configurations(self) -> tuple[dict[str, Parameter], ...]:
        """The chosen parameters first, then the rest of the grid in its stated order, each once."""
        names = tuple(self.grid)
        others = ({**self.parameters, **dict(zip(names, values, strict=True))} for values in product(*self.grid.values()))
        chosen = dict(self.parameters)
        return (chosen, *(other for other in others if other != chosen))


@dataclass(frozen=True)
class View:
    """What `predict(view)` receives: bars up to each time, never later ones; arrays are (T, N), NaN where absent.

    `predict` returns (T, N) float64: the expected simple return from the close of bar t over the manifest's horizon,
    NaN where it has no opinion. Row t may depend only on rows t - lookback_bars + 1 .. t.
    """

    symbols: tuple[str, ...]
    interval_us: int
    open_time_us: IntArray
    open: FloatArray
    high: FloatArray
    low: FloatArray
    close: FloatArray
    volume: FloatArray
    taker_buy_volume: FloatArray
    funding_rate: FloatArray
    daily_volatility: FloatArray
    """(T, N) the central volatility forecast known at the close of bar t: fraction per square root of a day."""
    params: Parameters
