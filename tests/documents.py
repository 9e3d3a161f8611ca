"""Keys and signed documents for tests: fixed seeds, fixed times, one field changed at a time."""

from typing import Any

from domain.canonical import canonical_bytes
from domain.documents import ALLOCATION_TYPE, HALT_TYPE, AllocationDocument, HaltOrder
from domain.times import US_PER_HOUR, Cycle
from ledger.keys import SigningKey

ALLOCATOR = SigningKey.from_seed(b"allocator".ljust(32, b"."))
HALTER = SigningKey.from_seed(b"halter".ljust(32, b"."))
STRANGER = SigningKey.from_seed(b"stranger".ljust(32, b"."))
POD_KEY = SigningKey.from_seed(b"pod".ljust(32, b"."))

CYCLE = Cycle.parse("2025-11-16")
NOW_US = CYCLE.issued_us + US_PER_HOUR

LIMITS = {
    "max_gross_usd_cents": 1_000_000_00,
    "max_position_usd_cents": 600_000_00,
    "volatility_target_bps": 2_000,
    "max_loss_usd_cents": 50_000_00,
}


def allocation_payload(cycle: Cycle = CYCLE, **changes: Any) -> dict[str, Any]:
    """An allocation document for pod `trend` as the JSON value that is signed."""
    return {
        "pod": "trend",
        "cycle": cycle.label,
        "revision": 0,
        "issued_us": cycle.issued_us,
        "expires_us": cycle.expires_us,
        "tier": "seed",
        "limits": LIMITS,
        "binding": "tier cap",
        "simulated": True,
        "evidence_digest": "sha256:e",
        "verdict_digest": "sha256:v",
        "policy_digest": "sha256:p",
        "volatility_digest": "sha256:f",
    } | changes


def allocation(cycle: Cycle = CYCLE, **changes: Any) -> AllocationDocument:
    """The same, parsed."""
    return AllocationDocument.parse(allocation_payload(cycle, **changes), "test")


def sealed(payload: Any, payload_type: str = ALLOCATION_TYPE, key: SigningKey = ALLOCATOR) -> bytes:
    """The envelope of a JSON value."""
    from ledger.envelope import seal

    return seal(canonical_bytes(payload), payload_type, key)


def halt_payload(verb: str = "FREEZE", **changes: Any) -> dict[str, Any]:
    """A halt of pod `trend` as the JSON value that is signed."""
    return {"pod": "trend", "verb": verb, "reason": "drill", "issued_us": NOW_US} | changes


def halt_order(verb: str = "FREEZE", **changes: Any) -> HaltOrder:
    """The same, parsed."""
    return HaltOrder.parse(halt_payload(verb, **changes), "test")


def sealed_halt(verb: str = "FREEZE", key: SigningKey = HALTER, **changes: Any) -> bytes:
    """A signed halt."""
    return sealed(halt_payload(verb, **changes), HALT_TYPE, key)
