"""Looking at a signed file from outside: who signed it, as what, and whether it still holds."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from domain.documents import ALLOCATION_TYPE, HALT_RECEIPT_TYPE, HALT_TYPE, RECEIPT_TYPE, VOLATILITY_TYPE
from domain.errors import Expired, Refused
from ledger import keys
from ledger.envelope import DOCUMENT_MAX_BYTES, open_envelope, read_unverified
from ledger.keys import TrustedKeys
from ledger.payloads import KINDS, parse_payload, validity

TrustedByType = Mapping[str, TrustedKeys]
"""Which keys may sign which payload type: a halt key signs no allocation."""


@dataclass(frozen=True)
class Examination:
    """What a check of one file found."""

    file: str
    valid: bool
    reason: str
    """One clause: `signed`, `signed, expired at ...`, or what is wrong."""
    signer: str | None = None
    """Id of the key that is proven to have signed it; None where none is."""
    expires_us: int | None = None
    """Expiry time that the signer stated; None where nothing is proven or it does not expire."""
    kind: str | None = None
    """allocation, volatility, halt, receipt or halt-receipt, as proven; None where nothing is proven."""


def keys_by_type(folder: Path) -> TrustedByType:
    """The `.pub` files of a folder of keys in their roles: allocator, halter, and `pod-*` for receipts. Raises Refused."""
    allocators = _published(folder, keys.ALLOCATOR)
    halters = _published(folder, keys.HALTER)
    pods = _published(folder, keys.POD_PREFIX + "*")
    return {
        ALLOCATION_TYPE: allocators,
        VOLATILITY_TYPE: allocators,
        HALT_TYPE: halters,
        RECEIPT_TYPE: pods,
        HALT_RECEIPT_TYPE: pods,
    }


def examine(path: Path, trusted: TrustedByType, at_us: int) -> Examination:
    """Whether the file is a document that a key trusted for its type signed and that holds at `at_us`.

    Never raises for what is wrong with the file: an unreadable, malformed, altered, misdated or expired one is told by
    `reason`. A signer is named only once the signature is proven, so `signed, expired` differs from a forgery.
    """
    answer = Examination(str(path), valid=False, reason="")
    try:
        data = _read(path)
        stated = read_unverified(data).payload_type
        opened = open_envelope(data, trusted.get(stated, {}))
        answer = replace(answer, signer=opened.key_id)
        document = parse_payload(opened.payload, opened.payload_type)
        answer = replace(answer, kind=KINDS[opened.payload_type][0])
        times = validity(document)
        answer = replace(answer, expires_us=times.expires_us)
        times.check(at_us)
    except (Refused, Expired) as refusal:
        return replace(answer, reason=str(refusal))
    return replace(answer, valid=True, reason="signed")


def _published(folder: Path, pattern: str) -> TrustedKeys:
    return keys.trust(keys.load_public(path) for path in sorted(folder.glob(f"{pattern}.pub")))


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(DOCUMENT_MAX_BYTES + 1)
    except OSError as error:
        raise Refused(f"cannot be read ({error.strerror}): check the path") from None
