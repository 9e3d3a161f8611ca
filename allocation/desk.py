"""The desk's capital and the bounds on its risk, read from `config/desk.yaml`."""

from typing import Self

from pydantic import Field, model_validator

from allocation.capacity import CapacityRules
from domain.model import Frozen
from domain.tiers import Ladder


class Desk(Frozen):
    """One desk: net asset value, ladder of tiers, and limits. Shares are fractions of the NAV."""

    nav_usd: int = Field(gt=0)
    grid_usd: int = Field(gt=0)
    """Limits are rounded down to a multiple of this."""
    volatility_target_annual: float = Field(gt=0)
    """Of the desk: the risk budgets add to it."""
    volatility_limit_annual: float = Field(gt=0)
    """Ex ante at all limits; above it every limit gives way."""
    pod_volatility_target_annual: float = Field(gt=0)
    """Of each pod on its own limit."""
    gross_limit_share: float = Field(gt=0)
    """Sum of all gross limits."""
    btc_beta_limit_share: float = Field(gt=0)
    """Net BTC-beta dollars with every pod at its largest position, all long or all short."""
    btc_correlation_cap: float = Field(gt=0, lt=1)
    stressed_beta_to_btc: float = Field(gt=0)
    """Beta of what pods hold to BTC in a crisis."""
    cluster_correlation: float = Field(gt=0, lt=1)
    """Pods correlated at or above this are one bet."""
    capacity: CapacityRules
    ladder: Ladder

    @model_validator(mode="after")
    def _is_coherent(self) -> Self:
        if self.volatility_target_annual > self.volatility_limit_annual:
            raise ValueError("volatility_target_annual must not exceed volatility_limit_annual")
        caps = [tier.cap_usd for tier in self.ladder.tiers]
        if caps != sorted(set(caps)):
            raise ValueError(f"caps of the tiers must rise, got {caps}")
        for tier in self.ladder.tiers:
            if tier.cap_usd % self.grid_usd:
                raise ValueError(f"cap of tier {tier.name} must be a multiple of the grid of {self.grid_usd} USD")
            if tier.loss_budget_usd < self.pod_volatility_target_annual * tier.cap_usd:
                raise ValueError(
                    f"loss budget of tier {tier.name} lies below one year's volatility on its cap: chance alone would reach it"
                )
        return self

    @property
    def floor_usd(self) -> int:
        """Learning capital: the cap of the first tier, kept by every pod that is not retired."""
        return self.ladder.tiers[0].cap_usd


class Desks(Frozen):
    """The file: the real desk and the laboratory's."""

    desk: Desk
    laboratory: Desk
