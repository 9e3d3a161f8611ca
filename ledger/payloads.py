"""What a signed payload is: its kind, its type, and the times it states about itself."""

from collections.abc import Mapping
from dataclasses import dataclass

from domain.documents import (
    ALLOCATION_TYPE,
    HALT_RECEIPT_TYPE,
    HALT_TYPE,
    RECEIPT_TYPE,
    VOLATILITY_TYPE,
    AllocationDocument,
    HaltOrder,
    HaltReceipt,
    Receipt,
    VolatilityDocument,
)
from domain.errors import Expired, Refused
from domain.model import Frozen
from domain.times import US_PER_SECOND, iso
from ledger.strict_json import read_json

CLOCK_SKEW_MAX_US = 2 * US_PER_SECOND
"""A document may seem to come from the future by this much before it is refused."""

_LAST_US = 253_402_300_799_999_999
"""The last microsecond of the year 9999."""


@dataclass(frozen=True)
class Validity:
    """From when and until when a document says it holds; None: it does not expire. Refused where that makes no sense."""

    issued_us: int
    expires_us: int | None

    def __post_init__(self) -> None:
        last = _LAST_US if self.expires_us is None else self.expires_us
        if not 0 <= self.issued_us < last <= _LAST_US:
            stated = f"{self.issued_us} and {self.expires_us} microseconds"
            raise Refused(f"expected an issue time before the expiry time and both before the year 10000, got {stated}")

    def check(self, now_us: int) -> None:
        """Raises Refused where it was issued in the future, beyond the clock skew, and Expired from its expiry time on."""
        if self.issued_us > now_us + CLOCK_SKEW_MAX_US:
            raise Refused(f"signed, but issued in the future at {iso(self.issued_us)}, now is {iso(now_us)}: check both clocks")
        if self.expires_us is not None and now_us >= self.expires_us:
            raise Expired(f"signed, expired at {iso(self.expires_us)}, now is {iso(now_us)}: ask for a newer document")


Document = AllocationDocument | VolatilityDocument | HaltOrder | Receipt | HaltReceipt

KINDS: Mapping[str, tuple[str, type[Frozen]]] = {
    ALLOCATION_TYPE: ("allocation", AllocationDocument),
    VOLATILITY_TYPE: ("volatility", VolatilityDocument),
    HALT_TYPE: ("halt", HaltOrder),
    RECEIPT_TYPE: ("receipt", Receipt),
    HALT_RECEIPT_TYPE: ("halt-receipt", HaltReceipt),
}
"""Name and model of each payload type of the house."""


def parse_payload(payload: bytes, payload_type: str) -> Document:
    """The document that the bytes are. Raises Refused on an unknown type, an unknown key, a float or a missing field."""
    if payload_type not in KINDS:
        raise Refused(f"expected a payload type of {sorted(KINDS)}, got {payload_type!r}: it is none of ours")
    name, model = KINDS[payload_type]
    document = model.parse(read_json(payload, f"the {name} payload"), f"the {name} payload")
    assert isinstance(document, Document)
    return document


def validity(document: Document) -> Validity:
    """The times a document states about itself; a receipt is issued when it was applied."""
    match document:
        case AllocationDocument() | VolatilityDocument():
            return Validity(document.issued_us, document.expires_us)
        case HaltOrder():
            return Validity(document.issued_us, None)
        case Receipt() | HaltReceipt():
            return Validity(document.applied_us, None)
