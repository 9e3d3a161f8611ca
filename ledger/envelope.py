"""Signed envelopes: DSSE 1.0 (secure-systems-lab/dsse, protocol.md and envelope.md) with one Ed25519 signature.

The house narrows the envelope so that a document has one reading: standard base64 only (DSSE would also let a verifier
take the URL-safe alphabet), exactly one signature, a key id, and no further field. With that, no single byte of a
sealed envelope can be changed without a refusal. The key id only picks the key to try; the signature decides.
"""

import base64
import binascii
from dataclasses import dataclass
from typing import Any

from domain.canonical import canonical_bytes, digest_bytes
from domain.errors import Refused
from ledger.keys import SigningKey, TrustedKeys
from ledger.strict_json import read_json

DOCUMENT_MAX_BYTES = 65_536
"""Longest envelope that anyone here reads or makes."""

_SIGNATURE_BYTES = 64
_TEXT_MAX = 200


@dataclass(frozen=True)
class Opened:
    """What a trusted key signed, byte for byte."""

    payload: bytes
    payload_type: str
    key_id: str

    @property
    def digest(self) -> str:
        """Digest of the payload: what receipts, the log and the evidence call the document by."""
        return digest_bytes(self.payload)


@dataclass(frozen=True)
class Unverified:
    """A well-formed envelope whose signature nobody has checked yet."""

    payload: bytes
    payload_type: str
    key_id: str
    signature: bytes


def pre_authentication_encoding(payload_type: str, payload: bytes) -> bytes:
    """The bytes that are signed (DSSE protocol.md, PAE).

    >>> pre_authentication_encoding("http://example.com/HelloWorld", b"hello world")
    b'DSSEv1 29 http://example.com/HelloWorld 11 hello world'
    """
    kind = payload_type.encode("utf-8")
    return b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(payload), payload)


def seal(payload: bytes, payload_type: str, key: SigningKey) -> bytes:
    """The envelope of `payload` as JSON; same payload, type and key, same bytes. Raises Refused where it is too long."""
    signature = key.sign(pre_authentication_encoding(payload_type, payload))
    envelope = canonical_bytes(
        {
            "payload": base64.b64encode(payload).decode("ascii"),
            "payloadType": payload_type,
            "signatures": [{"keyid": key.key_id, "sig": base64.b64encode(signature).decode("ascii")}],
        }
    )
    if len(envelope) > DOCUMENT_MAX_BYTES:
        raise Refused(f"expected an envelope of at most {DOCUMENT_MAX_BYTES} bytes, got {len(envelope)}: split the document")
    return envelope


def open_envelope(data: bytes, trusted: TrustedKeys, expected_type: str | None = None) -> Opened:
    """The payload, once a key in `trusted` is proven to have signed exactly these bytes as this type.

    Raises Refused for whatever is malformed, too long, of another type than expected, by an unknown key, or altered.
    """
    envelope = read_unverified(data)
    if expected_type is not None and envelope.payload_type != expected_type:
        raise Refused(f"expected a document of type {expected_type}, got {envelope.payload_type!r}: send the right document")
    key = trusted.get(envelope.key_id)
    if key is None:
        raise Refused(f"unknown signer {envelope.key_id!r}: expected one of {sorted(trusted)}: trust its .pub file, or reject it")
    if not key.verifies(envelope.signature, pre_authentication_encoding(envelope.payload_type, envelope.payload)):
        raise Refused(f"the signature of {envelope.key_id} does not match: the document was altered; ask for the original")
    return Opened(envelope.payload, envelope.payload_type, envelope.key_id)


def read_unverified(data: bytes) -> Unverified:
    """The fields of an envelope without a look at its signature. Raises Refused on anything malformed."""
    if len(data) > DOCUMENT_MAX_BYTES:
        raise Refused(f"expected an envelope of at most {DOCUMENT_MAX_BYTES} bytes, got more: it is none of ours")
    outer = _fields(read_json(data, "the envelope"), ("payload", "payloadType", "signatures"), "the envelope")
    signatures = outer["signatures"]
    if not isinstance(signatures, list) or len(signatures) != 1:
        raise Refused("the envelope: expected a list of exactly one signature in 'signatures': ask for the original")
    inner = _fields(signatures[0], ("keyid", "sig"), "the signature")
    payload_type = _text(outer["payloadType"], "payloadType")
    signature = _decoded(inner["sig"], "sig")
    if len(signature) != _SIGNATURE_BYTES:
        raise Refused(f"the envelope: expected a signature of {_SIGNATURE_BYTES} bytes, got {len(signature)}")
    return Unverified(_decoded(outer["payload"], "payload"), payload_type, _text(inner["keyid"], "keyid"), signature)


def _fields(value: Any, names: tuple[str, ...], what: str) -> dict[str, Any]:
    if not isinstance(value, dict) or sorted(value) != sorted(names):
        got = sorted(value) if isinstance(value, dict) else type(value).__name__
        raise Refused(f"{what}: expected exactly the fields {', '.join(names)}, got {got}: ask the sender for the original")
    return value


def _text(value: Any, name: str) -> str:
    """Short text that UTF-8 can hold: an escaped lone surrogate cannot be signed."""
    if not isinstance(value, str) or not 1 <= len(value) <= _TEXT_MAX or any("\ud800" <= letter <= "\udfff" for letter in value):
        raise Refused(f"the envelope: expected 1 to {_TEXT_MAX} letters in {name!r}: ask the sender for the original")
    return value


def _decoded(value: Any, name: str) -> bytes:
    """Standard base64, padded, with zero padding bits: the one text of these bytes."""
    if isinstance(value, str):
        try:
            decoded = base64.b64decode(value.encode("ascii"), validate=True)
        except (UnicodeEncodeError, binascii.Error):
            pass
        else:
            if base64.b64encode(decoded).decode("ascii") == value:
                return decoded
    raise Refused(f"the envelope: expected standard padded base64 in {name!r}: ask the sender for the original")
