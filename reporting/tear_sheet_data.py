"""The complete input of one tear sheet. A part that is None or empty is left out of the page, and the page says so."""

import datetime as dt
from collections.abc import Mapping
from typing import Self

from pydantic import Field, model_validator

from domain.evidence import Figure
from domain.model import Frozen
from domain.strategy import Parameter
from reporting.gate_data import Claim
from reporting.values import CapacityCurve, Days, Mode, TrialCount


class Daily(Frozen):
    """One number a day; every sequence has the length of `day_us`. Returns are fractions of capital, exposures multiples."""

    day_us: tuple[int, ...] = Field(min_length=1)
    net_return: tuple[float, ...]
    market: str
    """Name of the benchmark."""
    market_return: Days
    gross_exposure: Days
    net_exposure: Days
    turnover: Days
    component: Mapping[str, tuple[float, ...]]
    """Parts that add to the net return: price, funding, fees, …"""
    rolling_window_days: int
    rolling_sharpe: Days
    rolling_volatility: Days
    rolling_beta: Days

    @model_validator(mode="after")
    def _lengths_agree(self) -> Self:
        exposures = ("gross_exposure", "net_exposure", "turnover")
        names = ("net_return", "market_return", *exposures, "rolling_sharpe", "rolling_volatility", "rolling_beta")
        columns = {name: getattr(self, name) for name in names} | dict(self.component)
        for name, values in columns.items():
            if len(values) != len(self.day_us):
                raise ValueError(f"{name} has {len(values)} days, day_us has {len(self.day_us)}: give one each")
        return self


class Question(Frozen):
    """One question to the result, its answer, and what the answer means."""

    question: str
    figure: Figure
    meaning: str


class RegimeRow(Frozen):
    dimension: str
    name: str
    days: int
    mean_annual: float | None
    sharpe: Figure


class CrisisRow(Frozen):
    name: str
    first: dt.date
    days: int
    days_in_window: int
    total_return: float
    max_drawdown: float
    worst_day: float
    market_return: float | None


class Grid(Frozen):
    """Every configuration that a sweep has evaluated on these data, and what choosing among them is worth."""

    configurations: int
    labels: tuple[str, ...]
    in_sample: tuple[float | None, ...]
    out_of_sample: tuple[float | None, ...]
    """Annual Sharpe ratios before and after the cut, by configuration."""
    chosen: int
    best_in_sample: int
    cut_day: str
    rank_correlation: float | None
    paths: tuple[tuple[float, ...], ...]
    """Compounded wealth of each combinatorial path at `path_day_us`."""
    path_day_us: tuple[int, ...]
    path_sharpe: Figure
    """Median of the paths, with the lowest and the highest."""
    walks: tuple[Claim, ...]
    x_name: str
    x_values: tuple[float, ...]
    y_name: str = ""
    y_values: tuple[float, ...] = ()
    cells: tuple[tuple[float | None, ...], ...]
    """Annual Sharpe ratio by y (one row without a second parameter) and x; other parameters as chosen."""
    chosen_cell: tuple[int, int]
    plateau: float | None
    share_positive: float | None
    fixed: Mapping[str, Parameter] = {}
    """Parameters held where they were chosen, because a page has two dimensions."""


class Fan(Frozen):
    """Other orders of the same days, by quantile."""

    day_us: tuple[int, ...]
    quantiles: tuple[float, ...]
    wealth: tuple[tuple[float, ...], ...]
    max_drawdown: tuple[float, ...]
    p_loss: float
    block_days: float
    paths: int


class SignalPoint(Frozen):
    hours: float
    value: float | None
    t: float | None = None


class Signal(Frozen):
    """What the prediction is worth before trading."""

    wide: bool
    horizon_hours: float
    by_horizon: tuple[SignalPoint, ...]
    decay: tuple[SignalPoint, ...]
    half_life_hours: float | None
    quantile_bps: tuple[float | None, ...]
    turnover: float | None
    autocorrelation: float | None


class TearSheet(Frozen):
    """One configuration of one package on one view of the data."""

    run: str
    mode: Mode
    strategy: str
    version: int
    authors: tuple[str, ...]
    description: str
    claim: str = ""
    """What was claimed before the result; empty where nobody says."""
    claimed_before_result: bool = False
    """Whether the claim stood on record before the first result of this very code."""
    style: str
    package: str
    venue: str
    market: str
    symbols: int
    bar_minutes: float
    data_as_of_us: int
    snapshot: int | None
    content_digest: str
    capital_usd: float
    parameters: Mapping[str, Parameter]
    trials: TrialCount
    headline: tuple[Claim, ...] = Field(min_length=1)
    """The Sharpe ratio first: the number of trials stands beside it."""
    tests: tuple[Question, ...]
    daily: Daily
    funding_note: str = ""
    grid: Grid | None = None
    grid_note: str = ""
    """Why there is no grid, where there is none."""
    regimes: tuple[RegimeRow, ...] = ()
    crises: tuple[CrisisRow, ...] = ()
    fan: Fan | None = None
    costs: tuple[Claim, ...] = ()
    delays: tuple[Claim, ...] = ()
    capacity: CapacityCurve | None = None
    capacity_note: str = ""
    signal: Signal | None = None
    leakage: Question | None = None
    latency: tuple[Claim, ...] = ()
