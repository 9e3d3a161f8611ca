import pytest

from domain.documents import HALT_RECEIPT_TYPE, RECEIPT_TYPE, VOLATILITY_TYPE
from domain.times import US_PER_SECOND
from ledger.keys import load_or_create
from ledger.verify import examine, keys_by_type
from tests.documents import (
    ALLOCATOR,
    CYCLE,
    HALTER,
    NOW_US,
    POD_KEY,
    STRANGER,
    allocation_payload,
    halt_payload,
    sealed,
    sealed_halt,
)

VOLATILITY = {
    "cycle": CYCLE.label,
    "issued_us": CYCLE.issued_us,
    "expires_us": CYCLE.expires_us,
    "venue": "sim",
    "market": "linear",
    "simulated": True,
    "method": "ewma",
    "annual_bps": {"BTCUSDT": 5000},
}
RECEIPT = {
    "pod": "trend",
    "document_digest": "sha256:0",
    "cycle": CYCLE.label,
    "revision": 0,
    "applied_us": NOW_US,
    "max_gross_usd_cents": 1,
}
HALT_RECEIPT = {
    "pod": "trend",
    "halt_digest": "sha256:0",
    "verb": "FREEZE",
    "verb_in_force": "FLATTEN",
    "trading_state": "HALTED",
    "applied_us": NOW_US,
}


@pytest.fixture
def trusted(tmp_path):
    folder = tmp_path / "keys"
    folder.mkdir()
    for name, key in (("allocator", ALLOCATOR), ("halter", HALTER), ("pod-trend", POD_KEY)):
        (folder / f"{name}.pub").write_bytes(key.public.to_pem())
    return keys_by_type(folder)


@pytest.fixture
def look(tmp_path, trusted):
    def look(data: bytes, at_us: int = NOW_US):
        (tmp_path / "document.json").write_bytes(data)
        return examine(tmp_path / "document.json", trusted, at_us)

    return look


@pytest.mark.parametrize(
    ("data", "kind", "signer", "expires"),
    [
        (sealed(allocation_payload()), "allocation", ALLOCATOR, CYCLE.expires_us),
        (sealed(VOLATILITY, VOLATILITY_TYPE), "volatility", ALLOCATOR, CYCLE.expires_us),
        (sealed_halt(), "halt", HALTER, None),
        (sealed(RECEIPT, RECEIPT_TYPE, POD_KEY), "receipt", POD_KEY, None),
        (sealed(HALT_RECEIPT, HALT_RECEIPT_TYPE, POD_KEY), "halt-receipt", POD_KEY, None),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_each_kind_of_document(look, data, kind, signer, expires) -> None:
    found = look(data)
    assert (found.valid, found.reason, found.kind, found.signer, found.expires_us) == (
        True,
        "signed",
        kind,
        signer.key_id,
        expires,
    )


def test_an_expired_document_is_told_from_a_bad_one(look) -> None:
    data = sealed(allocation_payload())
    expired = look(data, CYCLE.expires_us)
    assert (expired.valid, expired.signer, expired.expires_us) == (False, ALLOCATOR.key_id, CYCLE.expires_us)
    assert expired.reason.startswith("signed, expired at 2025-11-17T12:30:00Z")
    assert look(data, CYCLE.expires_us - 1).valid
    altered = look(data.replace(b"eyJ", b"eyK", 1), CYCLE.expires_us)
    assert (altered.valid, altered.signer, altered.expires_us, altered.kind) == (False, None, None, None)
    assert "altered" in altered.reason


def test_a_document_from_the_future_is_bad_beyond_the_skew(look) -> None:
    data = sealed(allocation_payload())
    assert look(data, CYCLE.issued_us - 2 * US_PER_SECOND).valid
    early = look(data, CYCLE.issued_us - 2 * US_PER_SECOND - 1)
    assert not early.valid
    assert "issued in the future" in early.reason


def test_a_key_signs_only_its_own_kind(look) -> None:
    for data in (
        sealed(allocation_payload(), key=HALTER),
        sealed(allocation_payload(), key=POD_KEY),
        sealed(allocation_payload(), key=STRANGER),
        sealed_halt(key=ALLOCATOR),
        sealed(RECEIPT, RECEIPT_TYPE, ALLOCATOR),
    ):
        found = look(data)
        assert not found.valid
        assert "unknown signer" in found.reason


@pytest.mark.parametrize(
    "payload",
    [
        allocation_payload(extra=1),
        {key: value for key, value in allocation_payload().items() if key != "pod"},
        allocation_payload(revision=1.5),
        allocation_payload(revision="0"),
        allocation_payload(revision=True),
        allocation_payload(revision=-1),
        allocation_payload(issued_us=CYCLE.expires_us),
        allocation_payload(expires_us=10**20),
        allocation_payload(issued_us=-1),
        allocation_payload(expires_us=10**30, issued_us=10**30 - 1),
        [],
        None,
    ],
)
def test_signed_nonsense_is_bad_though_its_signer_is_known(look, payload) -> None:
    found = look(sealed(payload))
    assert not found.valid
    assert found.signer == ALLOCATOR.key_id


def test_unknown_types_and_files_are_bad(look, trusted, tmp_path) -> None:
    assert "unknown signer" in look(sealed(allocation_payload(), "application/json")).reason
    assert not look(b"x" * 100_000).valid
    missing = examine(tmp_path / "none.json", trusted, NOW_US)
    assert (missing.valid, missing.file) == (False, str(tmp_path / "none.json"))
    assert "No such file" in missing.reason
    assert "cannot be read" in examine(tmp_path, trusted, NOW_US).reason


@pytest.mark.parametrize("changes", [{"verb": "STOP"}, {"reason": ""}, {"issued_us": "1"}, {"issued_us": 1.0}, {"pod": 7}])
def test_malformed_halts_are_bad(look, changes) -> None:
    from domain.documents import HALT_TYPE

    assert not look(sealed(halt_payload() | changes, HALT_TYPE, HALTER)).valid


def test_an_empty_folder_trusts_nobody(tmp_path) -> None:
    assert all(not keys for keys in keys_by_type(tmp_path).values())
    key = load_or_create(tmp_path, "allocator")
    assert list(keys_by_type(tmp_path)[VOLATILITY_TYPE]) == [key.key_id]
