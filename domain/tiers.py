"""Tiers of capital: each asks for more and allows more."""

from enum import StrEnum

from pydantic import Field

from domain.errors import Refused
from domain.model import Frozen


class Tier(Frozen):
    """One rung. The first is incubation: its cap is the learning capital that every live pod keeps."""

    name: str
    cap_usd: int = Field(gt=0)
    """Largest gross limit at this tier, USD."""
    approvals: int = Field(ge=0)
    """Human signatures that a rise into this tier asks for."""
    loss_budget_usd: int = Field(gt=0)
    """Loss from the high-water mark at which the pod is stopped."""


class Ladder(Frozen):
    """The tiers of a desk, lowest first."""

    tiers: tuple[Tier, ...] = Field(min_length=2)

    def index(self, name: str) -> int:
        for position, tier in enumerate(self.tiers):
            if tier.name == name:
                return position
        raise Refused(f"unknown tier {name!r}: expected one of {[tier.name for tier in self.tiers]}")

    def after(self, name: str) -> Tier:
        """The next tier up, or the same one at the top."""
        return self.tiers[min(self.index(name) + 1, len(self.tiers) - 1)]


class Standing(StrEnum):
    """Where a pod stands on the ladder in one cycle."""

    INCUBATING = "incubating"
    """On the first tier: learning capital, nothing more."""
    PROMOTED = "promoted"
    """Risen one tier in this cycle."""
    HELD = "held"
    """Above the first tier without a rise: its own tier's gates pass."""
    AWAITING_APPROVAL = "awaiting_approval"
    """The next tier's gates pass; signatures are missing."""
    RETIRED = "retired"
    """Zero capital."""


class TierDecision(Frozen):
    """The tier in force for one pod in one cycle, and why."""

    pod: str
    tier: str
    standing: Standing
    reason: str
