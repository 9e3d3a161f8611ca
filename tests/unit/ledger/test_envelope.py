"""Known answers: secure-systems-lab/dsse protocol.md, and vectors made there with the keys of RFC 8032."""

import base64
import json
from typing import Any

import pytest

from domain.canonical import digest_bytes
from domain.errors import Refused
from ledger.envelope import DOCUMENT_MAX_BYTES, open_envelope, pre_authentication_encoding, read_unverified, seal
from ledger.keys import SigningKey, trust
from tests.documents import ALLOCATOR, STRANGER

SPEC_KEY = SigningKey.from_seed(bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60"))
STATEMENT = base64.b64decode("eyJfdHlwZSI6Imh0dHBzOi8vaW4tdG90by5pby9TdGF0ZW1lbnQvdjEifQ==")
IN_TOTO = "application/vnd.in-toto+json"
SIGNED_STATEMENT = "2WAfaHm5jluo0w+0rk8uVkluELJYWjSmU9x7EUzx+AyteDGJ4/nqyJXfmAUVFIAoQafWm7AxBZNw5M9ixNHiCA=="

VECTORS = [
    (IN_TOTO, STATEMENT, SIGNED_STATEMENT),
    (IN_TOTO, b"", "gSggCAaTLTYyRH6FIDBem6meyIynsYy8RTHVzwx9tnTb7Bg/1jMWnuVgI/gffqmbsC2VX5/jHfkkDqsj7CDbDg=="),
    (
        "application/vnd.exämple+json",
        STATEMENT,
        "xmSk/ug66ysT7ayhkCIjhAq42zgZXSsEWuzUaNL7w2eGAdF/NU6/fRXPtmfN+5DNSAs5/i2lUnHjbbjPsu0tAw==",
    ),
]


def envelope(**changes: Any) -> bytes:
    value: dict[str, Any] = json.loads(seal(b"{}", "type/a", ALLOCATOR))
    return json.dumps(value | changes).encode()


def test_pre_authentication_encoding_of_the_specification() -> None:
    assert pre_authentication_encoding("http://example.com/HelloWorld", b"hello world") == (
        b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"
    )


def test_lengths_are_counted_in_bytes() -> None:
    assert pre_authentication_encoding("ä", "ö€".encode()) == b"DSSEv1 2 \xc3\xa4 5 \xc3\xb6\xe2\x82\xac"


@pytest.mark.parametrize(("payload_type", "payload", "signature"), VECTORS)
def test_published_vectors(payload_type: str, payload: bytes, signature: str) -> None:
    data = seal(payload, payload_type, SPEC_KEY)
    assert json.loads(data)["signatures"][0]["sig"] == signature
    opened = open_envelope(data, trust([SPEC_KEY.public]))
    assert (opened.payload, opened.payload_type, opened.key_id) == (payload, payload_type, SPEC_KEY.key_id)
    assert opened.digest == digest_bytes(payload)


def test_signature_of_another_type_is_refused() -> None:
    value = json.loads(seal(STATEMENT, IN_TOTO, SPEC_KEY)) | {"payloadType": "application/vnd.example.other+json"}
    with pytest.raises(Refused, match="altered"):
        open_envelope(json.dumps(value).encode(), trust([SPEC_KEY.public]))


def test_sealing_is_deterministic() -> None:
    assert seal(b"x", "t", ALLOCATOR) == seal(b"x", "t", ALLOCATOR)


def test_spacing_and_order_of_fields_do_not_matter() -> None:
    spaced = json.dumps(json.loads(seal(b"{}", "type/a", ALLOCATOR)), indent=2, sort_keys=False).encode()
    assert open_envelope(spaced, trust([ALLOCATOR.public])).payload == b"{}"


def test_unknown_signer_and_a_borrowed_key_id_are_refused() -> None:
    data = seal(b"{}", "t", STRANGER)
    with pytest.raises(Refused, match="unknown signer"):
        open_envelope(data, trust([ALLOCATOR.public]))
    borrowed = data.replace(STRANGER.key_id.encode(), ALLOCATOR.key_id.encode())
    with pytest.raises(Refused, match="does not match"):
        open_envelope(borrowed, trust([ALLOCATOR.public]))


def test_unexpected_type_is_refused() -> None:
    with pytest.raises(Refused, match="expected a document of type b"):
        open_envelope(seal(b"{}", "a", ALLOCATOR), trust([ALLOCATOR.public]), "b")


def test_size_limit_holds_on_both_sides() -> None:
    # 88 + 64 + fields: the payload's base64 is 4/3 of its length.
    with pytest.raises(Refused, match="at most 65536 bytes"):
        seal(b"x" * 49_200, "t", ALLOCATOR)
    largest = seal(b"x" * 48_900, "t", ALLOCATOR)
    assert len(largest) <= DOCUMENT_MAX_BYTES
    assert open_envelope(largest, trust([ALLOCATOR.public])).payload == b"x" * 48_900
    with pytest.raises(Refused, match="at most 65536 bytes"):
        open_envelope(largest + b" " * DOCUMENT_MAX_BYTES, trust([ALLOCATOR.public]))


GOOD = json.loads(seal(b"{}", "type/a", ALLOCATOR))
SIGNATURE = GOOD["signatures"][0]
MALFORMED = [
    b"",
    b"null",
    b"[]",
    b"{}",
    b"nonsense",
    b"\xff\xfe",
    b"\xef\xbb\xbf" + json.dumps(GOOD).encode(),
    json.dumps(GOOD).encode("utf-16"),
    b"[" * 60_000,
    b'{"a":' * 10_000,
    b"9" * 5_000,
    b"NaN",
    b"1.5",
    json.dumps(GOOD).encode() + b"{}",
    json.dumps(GOOD)[:-1].encode() + b',"payload":"e30="}',
    envelope(extra=1),
    envelope(payload=None),
    envelope(payload=7),
    envelope(payload="e30"),
    envelope(payload="e3 0="),
    envelope(payload="e30=\n"),
    envelope(payload="e31="),
    envelope(payload="é30="),
    envelope(payload="-_-_Pj8="),
    envelope(payloadType=None),
    envelope(payloadType=""),
    envelope(payloadType="x" * 201),
    envelope(payloadType="\ud800"),
    envelope(signatures=None),
    envelope(signatures=[]),
    envelope(signatures={}),
    envelope(signatures=[None]),
    envelope(signatures=[SIGNATURE, SIGNATURE]),
    envelope(signatures=[{"sig": SIGNATURE["sig"]}]),
    envelope(signatures=[SIGNATURE | {"extra": 1}]),
    envelope(signatures=[SIGNATURE | {"keyid": 7}]),
    envelope(signatures=[SIGNATURE | {"sig": ""}]),
    envelope(signatures=[SIGNATURE | {"sig": base64.b64encode(b"x" * 63).decode()}]),
    envelope(signatures=[SIGNATURE | {"sig": base64.b64encode(b"x" * 65).decode()}]),
]


@pytest.mark.parametrize("data", MALFORMED, ids=range(len(MALFORMED)))
def test_everything_malformed_is_refused(data: bytes) -> None:
    with pytest.raises(Refused):
        open_envelope(data, trust([ALLOCATOR.public]))
    with pytest.raises(Refused):
        read_unverified(data)
