"""No change of a sealed document gets past a verifier."""

import json

from hypothesis import given
from hypothesis import strategies as st

from domain.canonical import canonical_bytes
from domain.documents import ALLOCATION_TYPE
from domain.errors import Refused
from ledger.envelope import open_envelope, seal
from ledger.keys import trust
from tests.documents import ALLOCATOR, allocation_payload, sealed

TRUSTED = trust([ALLOCATOR.public])
SMALL = seal(b'{"max":1}', "application/vnd.a+json", ALLOCATOR)
DOCUMENT = sealed(allocation_payload())


def opens(data: bytes) -> bool:
    try:
        open_envelope(data, TRUSTED)
    except Refused:
        return False
    return True


def test_the_untouched_document_opens() -> None:
    assert opens(SMALL)
    assert open_envelope(DOCUMENT, TRUSTED, ALLOCATION_TYPE).payload == canonical_bytes(allocation_payload())


def test_every_change_of_every_single_byte_is_refused() -> None:
    for place, byte in enumerate(SMALL):
        for other in range(256):
            if other != byte:
                assert not opens(SMALL[:place] + bytes([other]) + SMALL[place + 1 :]), (place, other)


def test_every_flipped_bit_of_a_real_document_is_refused() -> None:
    for place in range(len(DOCUMENT)):
        for bit in range(8):
            changed = bytearray(DOCUMENT)
            changed[place] ^= 1 << bit
            assert not opens(bytes(changed)), (place, bit)


def test_every_truncation_and_every_lost_byte_is_refused() -> None:
    for place in range(len(SMALL)):
        assert not opens(SMALL[:place])
        assert not opens(SMALL[:place] + SMALL[place + 1 :])


@given(st.integers(0, len(SMALL)), st.binary(min_size=1, max_size=4))
def test_inserted_bytes_never_change_what_was_signed(place: int, extra: bytes) -> None:
    changed = SMALL[:place] + extra + SMALL[place:]
    try:
        opened = open_envelope(changed, TRUSTED)
    except Refused:
        return
    # Only white space between the fields may be added.
    assert opened.payload == b'{"max":1}'
    assert json.loads(changed) == json.loads(SMALL)


@given(st.binary(max_size=300))
def test_random_bytes_end_as_refused(data: bytes) -> None:
    assert not opens(data)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@given(st.sampled_from(["payload", "payloadType", "signatures"]), json_values)
def test_any_value_in_any_field_ends_as_refused(field: str, value: object) -> None:
    assert not opens(json.dumps(json.loads(SMALL) | {field: value}).encode())


@given(st.sampled_from(["keyid", "sig"]), json_values)
def test_any_value_in_the_signature_ends_as_refused(field: str, value: object) -> None:
    envelope = json.loads(SMALL)
    envelope["signatures"][0][field] = value
    assert not opens(json.dumps(envelope).encode())


def test_the_signature_of_one_document_does_not_fit_another() -> None:
    first, second = json.loads(sealed(allocation_payload())), json.loads(sealed(allocation_payload(revision=1)))
    assert not opens(json.dumps(first | {"signatures": second["signatures"]}).encode())


def test_a_signature_with_an_equivalent_but_larger_scalar_is_refused() -> None:
    """Ed25519 is not malleable: S + L verifies in the equation and must be refused (RFC 8032 section 5.1.7)."""
    import base64

    envelope = json.loads(SMALL)
    signature = base64.b64decode(envelope["signatures"][0]["sig"])
    order = 2**252 + 27742317777372353535851937790883648493
    scalar = int.from_bytes(signature[32:], "little") + order
    envelope["signatures"][0]["sig"] = base64.b64encode(signature[:32] + scalar.to_bytes(32, "little")).decode()
    assert not opens(json.dumps(envelope).encode())
