"""What is planted, as read from `config/laboratory.yaml`: every number of the caricature with its unit."""

import datetime as dt

from pydantic import AwareDatetime, Field, model_validator

from domain.model import Frozen
from domain.times import US_PER_HOUR, from_datetime


class SymbolSettings(Frozen):
    """One perpetual contract of the simulated venue. The first in the list is the common factor."""

    symbol: str
    beta: float
    """To the factor; 1 for the factor itself."""
    idiosyncratic_volatility_annual: float = Field(ge=0)
    """0 for the factor itself."""
    start_price_usd: float = Field(gt=0)
    """At the origin."""
    volume_usd_day: float = Field(gt=0)
    half_spread_bps: float = Field(gt=0)
    funding_mean_bps: float
    """Mean rate of one eight-hour stamp, basis points of notional."""


class FactorSettings(Frozen):
    """The common factor: a log price that keeps coming back to a straight line, so that every sample holds the same rise."""

    volatility_annual: float = Field(gt=0)
    log_return_annual: float
    """Slope of the line."""
    reversion_half_life_days: float = Field(gt=0)
    """A deviation from the line loses half of itself in this time."""


class VolatilitySettings(Frozen):
    """Log-volatility is a slow and a fast AR(1); shocks are Student-t scaled to unit variance."""

    slow_half_life_hours: float = Field(gt=0)
    slow_sd: float = Field(ge=0)
    fast_half_life_hours: float = Field(gt=0)
    fast_sd: float = Field(ge=0)
    common_share: float = Field(ge=0, le=1)
    """Share of the variance of a symbol's log-volatility that it has in common with the factor's."""
    tail_degrees: float = Field(gt=4)


class TrendSettings(Frozen):
    """A slow idiosyncratic drift, Ornstein-Uhlenbeck: what a trend strategy earns."""

    half_life_days: float = Field(gt=0)
    daily_drift_sd: float = Field(ge=0)
    """In units of the symbol's idiosyncratic daily volatility."""
    pull_back_half_life_days: float = Field(gt=0)
    """What the drift has moved is given back this slowly, so that no price runs away in two years."""


class ReversalSettings(Frozen):
    """A transient part of the log price, AR(1) around zero: what a short-term reversal strategy earns."""

    half_life_hours: float = Field(gt=0)
    sd: float = Field(ge=0)
    """In units of the symbol's idiosyncratic daily volatility."""


class FlowSettings(Frozen):
    """Taker flow and its square-root impact: return = coefficient * sigma_day * sign(Q) * sqrt(|Q| / V_day)."""

    impact_coefficient: float = Field(ge=0)
    imbalance_sd: float = Field(gt=0, lt=0.5)
    """Standard deviation of (buys - sells) / volume of an hour."""
    volume_log_sd: float = Field(ge=0)
    volume_half_life_hours: float = Field(gt=0)


class FundingSettings(Frozen):
    """Deviations of the eight-hour rates from their means, basis points."""

    common_sd_bps: float = Field(ge=0)
    common_half_life_days: float = Field(gt=0)
    own_sd_bps: float = Field(ge=0)
    own_half_life_days: float = Field(gt=0)


class DefectSettings(Frozen):
    """Where the vendor errs, at fixed times, so that a defect stays where it is from one cycle to the next.

    A window that a defect lies outside of does not have it.
    """

    gap_symbol: str
    gap_from: AwareDatetime
    gap_hours: int = Field(gt=0)
    flat_symbol: str
    flat_at: AwareDatetime
    revised_symbol: str
    revised_from: AwareDatetime
    revised_hours: int = Field(gt=0)
    revised_error_bps: float
    """By how much the first delivery misstates the prices of the bars that are revised later."""
    revision_known_at: AwareDatetime
    """Cycles before this moment have the misstated prices."""
    unfinished_symbol: str
    unfinished_taken_at: AwareDatetime
    """The moment, inside an hour, at which a bar is reported that is not over."""
    delisted_symbol: str
    delisted_from: AwareDatetime

    @model_validator(mode="after")
    def _times_are_possible(self) -> "DefectSettings":
        for field in ("gap_from", "flat_at", "revised_from", "delisted_from"):
            if from_datetime(getattr(self, field)) % US_PER_HOUR:
                raise ValueError(f"{field}: expected a full hour, at which a bar opens, got {getattr(self, field)}")
        if from_datetime(self.unfinished_taken_at) % US_PER_HOUR == 0:
            raise ValueError(f"unfinished_taken_at: expected a time inside an hour, got {self.unfinished_taken_at}")
        if self.revised_from + dt.timedelta(hours=self.revised_hours) > self.revision_known_at:
            raise ValueError("revision_known_at: expected a time after the revised bars have closed")
        return self


class LaboratorySettings(Frozen):
    """The whole simulated world but for its seed and its end."""

    seed: int = Field(ge=0)
    """Used unless another is asked for."""
    origin: dt.date
    """Every path starts at this midnight, whatever the cycle, so that a later cycle only adds to an earlier one."""
    days: int = Field(ge=60)
    """Delivered up to the cycle's midnight; a cycle earlier than this after the origin is refused."""
    symbols: tuple[SymbolSettings, ...] = Field(min_length=2)
    factor: FactorSettings
    volatility: VolatilitySettings
    trend: TrendSettings
    reversal: ReversalSettings
    flow: FlowSettings
    funding: FundingSettings
    defects: DefectSettings

    @model_validator(mode="after")
    def _consistent(self) -> "LaboratorySettings":
        names = [item.symbol for item in self.symbols]
        if len(set(names)) != len(names):
            raise ValueError(f"symbols: expected each once, got {names}")
        defects = self.defects
        fields = ("gap_symbol", "flat_symbol", "revised_symbol", "unfinished_symbol", "delisted_symbol")
        for field in fields:
            if getattr(defects, field) not in names:
                raise ValueError(f"defects.{field}: expected one of {names}, got {getattr(defects, field)!r}")
        if defects.delisted_symbol in (names[0], *(getattr(defects, field) for field in fields[:-1])):
            raise ValueError("defects.delisted_symbol: expected neither the factor nor a symbol with another defect")
        for field in ("gap_from", "flat_at", "revised_from", "unfinished_taken_at", "delisted_from"):
            if getattr(defects, field).date() <= self.origin:
                raise ValueError(f"defects.{field}: expected a day after the origin {self.origin}, got {getattr(defects, field)}")
        return self
