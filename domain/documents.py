"""Payloads of signed documents: integers and strings only, money in cents, ratios in basis points."""

from collections.abc import Mapping
from enum import StrEnum

from pydantic import Field

from domain.model import Frozen

ALLOCATION_TYPE = "application/vnd.alpha-factory.allocation.v1+json"
VOLATILITY_TYPE = "application/vnd.alpha-factory.volatility.v1+json"
HALT_TYPE = "application/vnd.alpha-factory.halt.v1+json"
RECEIPT_TYPE = "application/vnd.alpha-factory.receipt.v1+json"
HALT_RECEIPT_TYPE = "application/vnd.alpha-factory.halt-receipt.v1+json"


class StrictFrozen(Frozen, strict=True):
    """No coercion: a float or a numeric string where an integer belongs is an error."""


class Limits(StrictFrozen):
    """What a pod may do. Zero means no position at all."""

    max_gross_usd_cents: int = Field(ge=0)
    max_position_usd_cents: int = Field(ge=0)
    """Largest absolute position in one instrument."""
    volatility_target_bps: int = Field(ge=0)
    """Annualised volatility of the pod on its own limit."""
    max_loss_usd_cents: int = Field(ge=0)
    """Loss from the high-water mark at which the pod must be flat."""


class AllocationDocument(StrictFrozen):
    """One pod's limits for one cycle."""

    pod: str
    cycle: str
    revision: int = Field(ge=0)
    """How many different documents had been issued for this pod and cycle before."""
    issued_us: int
    expires_us: int
    tier: str
    limits: Limits
    binding: str
    """The constraint that sets `max_gross_usd_cents`."""
    simulated: bool
    evidence_digest: str
    verdict_digest: str
    policy_digest: str
    volatility_digest: str
    """Digest of the payload of the cycle's volatility document."""


class VolatilityDocument(StrictFrozen):
    """The one volatility forecast that everybody sizes from."""

    cycle: str
    issued_us: int
    expires_us: int
    venue: str
    market: str
    simulated: bool
    method: str
    annual_bps: Mapping[str, int]
    """By symbol."""


class HaltVerb(StrEnum):
    FREEZE = "FREEZE"
    REDUCE = "REDUCE"
    CANCEL_RISK_ADDING = "CANCEL-RISK-ADDING"
    UNWIND = "UNWIND"
    FLATTEN = "FLATTEN"


class HaltOrder(Frozen):
    """A signed halt; any holder of a halt key may send it, and repeating it is harmless."""

    pod: str
    """The addressee, or `*` for every pod."""
    verb: HaltVerb
    reason: str = Field(min_length=1, max_length=1000)
    issued_us: int = Field(strict=True)


class Receipt(StrictFrozen):
    """A pod's signed answer to a document that is now in force."""

    pod: str
    document_digest: str
    cycle: str
    revision: int
    applied_us: int
    max_gross_usd_cents: int


class TradingState(StrEnum):
    ACTIVE = "ACTIVE"
    REDUCING = "REDUCING"
    HALTED = "HALTED"


class HaltReceipt(Frozen):
    """A pod's signed answer to a halt: what it now obeys, which may be more restrictive than what was asked."""

    pod: str
    halt_digest: str
    verb: HaltVerb
    """The verb that was asked for."""
    verb_in_force: HaltVerb
    trading_state: TradingState
    applied_us: int = Field(strict=True)
    """When the halt that is in force was applied."""
