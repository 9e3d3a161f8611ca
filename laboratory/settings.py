"""What is planted, as read from `config/laboratory.yaml`: every number of the caricature with its unit."""

from pydantic import Field, model_validator

from domain.model import Frozen


class SymbolSettings(Frozen):
    """One perpetual contract of the simulated venue. The first in the list is the common factor."""

    symbol: str
    beta: float
    """To the factor; 1 for the factor itself."""
    idiosyncratic_volatility_annual: float = Field(ge=0)
    """0 for the factor itself."""
    start_price_usd: float = Field(gt=0)
    volume_usd_day: float = Field(gt=0)
    half_spread_bps: float = Field(gt=0)
    funding_mean_bps: float
    """Mean rate of one eight-hour stamp, basis points of notional."""


class FactorSettings(Frozen):
    """The common factor: its path has this volatility and, over the whole sample, this log return exactly."""

    volatility_annual: float = Field(gt=0)
    log_return_total: float


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
    """Where the vendor errs; days are counted back from the last close."""

    gap_symbol: str
    gap_days_before_end: int = Field(gt=0)
    gap_hours: int = Field(gt=0)
    flat_symbol: str
    flat_days_before_end: int = Field(gt=0)
    revised_symbol: str
    revised_days_before_end: int = Field(gt=0)
    revised_hours: int = Field(gt=0)
    revised_error_bps: float
    """By how much the first delivery misstates the prices of the bars that are revised later."""
    revision_days_before_end: int = Field(gt=0)
    unfinished_symbol: str
    unfinished_minutes_before_end: int = Field(gt=0, lt=60)
    delisted_symbol: str
    delisted_days_before_end: int = Field(gt=0)

    @model_validator(mode="after")
    def _revision_follows_its_bars(self) -> "DefectSettings":
        if self.revision_days_before_end * 24 + self.revised_hours > self.revised_days_before_end * 24:
            raise ValueError("revision_days_before_end: expected a time after the revised bars have closed")
        return self


class LaboratorySettings(Frozen):
    """The whole simulated world but for its seed and its end."""

    seed: int = Field(ge=0)
    """Used unless another is asked for."""
    days: int = Field(ge=60)
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
        for field in ("gap_symbol", "flat_symbol", "revised_symbol", "unfinished_symbol", "delisted_symbol"):
            if getattr(defects, field) not in names:
                raise ValueError(f"defects.{field}: expected one of {names}, got {getattr(defects, field)!r}")
        if defects.delisted_symbol in (defects.unfinished_symbol, names[0]):
            raise ValueError("defects.delisted_symbol: expected neither the factor nor the symbol of the unfinished bar")
        for field in ("gap", "flat", "revised", "revision", "delisted"):
            if getattr(defects, f"{field}_days_before_end") >= self.days:
                raise ValueError(f"defects.{field}_days_before_end: expected fewer than {self.days} days")
        return self
