"""The policy: which figure must clear which threshold, for whom, and what follows where it does not."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Literal, Self

from pydantic import Field, model_validator

from domain.canonical import digest
from domain.market import Market
from domain.model import Frozen
from domain.strategy import Style
from domain.tiers import Tier


class Group(StrEnum):
    DATA = "data"
    LATENCY = "latency"
    RISK = "risk"
    ATTRIBUTION = "attribution"
    EXECUTION = "execution"
    SIGNIFICANCE = "significance"


class Condition(Frozen):
    """The gate is asked only where this figure is at least this large."""

    figure: str
    at_least: float


class Gate(Frozen):
    """One question to the evidence."""

    name: str = Field(pattern=r"^[a-z0-9]+(_[a-z0-9]+)*$")
    group: Group
    why: str = Field(min_length=10)
    figure: str
    comparison: Literal[">=", "<="]
    unit: str
    threshold: float | Literal["tier_cap", "tier_loss_share"] | None = None
    """A number; or the tier's cap in USD, or its loss budget as a share of its cap, times `multiplier`."""
    multiplier: float = Field(default=1.0, gt=0)
    by_style: Mapping[Style, float] = {}
    """Thresholds that take the place of `threshold` for these styles."""
    tiers: tuple[str, ...] = Field(min_length=1)
    """The tiers that ask for it."""
    consequence: Literal["hold", "retire"]
    """Of a FAIL: no rise, or zero capital."""
    missed: Literal["fail", "insufficient", "more_days"]
    """What a miss is: evidence against (FAIL); not enough to say (INSUFFICIENT); or INSUFFICIENT while so many more days at
    the observed rate would carry it within the policy's horizon, and FAIL beyond."""
    statistic: Literal["probability", "t"] | None = None
    """How the figure grows with days: only for `more_days`."""
    interval: Literal["point", "low", "high"] = "point"
    """The figure itself, or the end of its 95 % interval, must clear."""
    absolute: bool = False
    """The figure's size counts, not its sign."""
    min_n: int | None = Field(default=None, ge=1)
    """Fewer observations than this say nothing: INSUFFICIENT."""
    counts: str = "observations"
    """What the figure's n counts."""
    applies_when: Condition | None = None
    markets: tuple[Market, ...] = tuple(Market)
    needs_live: bool = False
    """Asked only where a pod runs."""
    needs_selected: bool = False
    """Asked only where one configuration was chosen from a grid."""

    @model_validator(mode="after")
    def _is_coherent(self) -> Self:
        missing = sorted(set(Style) - set(self.by_style)) if self.threshold is None else []
        if missing:
            raise ValueError(f"gate {self.name}: no threshold, and none for the styles {missing}")
        if (self.missed == "more_days") != (self.statistic is not None):
            raise ValueError(f"gate {self.name}: `statistic` goes with `missed: more_days` and with nothing else")
        if self.absolute and self.interval != "point":
            raise ValueError(f"gate {self.name}: the size of an interval's end means nothing; use `interval: point`")
        return self

    def limit(self, style: Style, tier: Tier) -> float:
        """The threshold for this style at this tier, in the gate's unit."""
        if style in self.by_style:
            return self.by_style[style]
        if self.threshold == "tier_cap":
            return self.multiplier * tier.cap_usd
        if self.threshold == "tier_loss_share":
            return self.multiplier * tier.loss_budget_usd / tier.cap_usd
        assert isinstance(self.threshold, int | float)
        return self.multiplier * self.threshold


class Policy(Frozen):
    """A numbered set of gates; a change of any line is a new version."""

    version: int = Field(ge=1)
    horizon_days: int = Field(ge=1)
    """A significance gate that more than this many further days would be needed for is a FAIL."""
    gates: tuple[Gate, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _names_are_unique(self) -> Self:
        names = [gate.name for gate in self.gates]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"gates named twice: {twice}")
        return self

    @property
    def digest(self) -> str:
        """Of everything in it, the reasons included."""
        return digest(self.model_dump(mode="json"))
