import pytest

from domain.documents import HALT_RECEIPT_TYPE, RECEIPT_TYPE, HaltReceipt, Receipt
from domain.errors import Expired, Refused, RolledBack
from domain.times import UtcUs
from ledger.envelope import open_envelope
from ledger.keys import trust
from ledger.payloads import parse_payload
from pods.book import Exposure
from pods.paper import PaperBook
from pods.service import PodService
from pods.store import PodStore
from tests.documents import ALLOCATOR, CYCLE, HALTER, NOW_US, POD_KEY, STRANGER, allocation_payload, sealed, sealed_halt


class World:
    """One pod, its disk and its clock."""

    def __init__(self, folder) -> None:
        self.folder = folder
        self.now_us = NOW_US
        self.start()

    def start(self) -> None:
        self.store = PodStore(self.folder, "trend", POD_KEY)
        self.book = PaperBook()
        self.service = PodService(
            self.store,
            self.book,
            trusted_allocators=trust([ALLOCATOR.public]),
            trusted_halters=trust([HALTER.public]),
            key=POD_KEY,
            clock=lambda: UtcUs(self.now_us),
        )

    def restart(self) -> None:
        self.store.close()
        self.start()


@pytest.fixture
def world(tmp_path) -> World:
    return World(tmp_path)


def receipt_of(data: bytes) -> Receipt:
    receipt = parse_payload(open_envelope(data, trust([POD_KEY.public]), RECEIPT_TYPE).payload, RECEIPT_TYPE)
    assert isinstance(receipt, Receipt)
    return receipt


def halt_receipt_of(data: bytes) -> HaltReceipt:
    receipt = parse_payload(open_envelope(data, trust([POD_KEY.public]), HALT_RECEIPT_TYPE).payload, HALT_RECEIPT_TYPE)
    assert isinstance(receipt, HaltReceipt)
    return receipt


def test_a_new_pod_is_reducing_flat_and_known(world) -> None:
    status = world.service.status()
    assert (status.pod, status.time_us, status.trading_state, status.cycle) == ("trend", NOW_US, "REDUCING", None)
    assert (status.limits.max_gross_usd_cents, status.net_exposure_usd_cents, status.gross_exposure_usd_cents) == (0, 0, 0)


def test_limits_are_in_force_and_acknowledged_with_the_digest(world) -> None:
    envelope = sealed(allocation_payload())
    receipt = receipt_of(world.service.configure(envelope))
    status = world.service.status()
    assert receipt.document_digest == status.document_digest == open_envelope(envelope, trust([ALLOCATOR.public])).digest
    assert (receipt.applied_us, receipt.max_gross_usd_cents) == (NOW_US, 1_000_000_00)
    assert (status.trading_state, status.limits.max_gross_usd_cents) == ("ACTIVE", 1_000_000_00)
    # two legs of at most 600,000 each, together at most 1,000,000
    assert (status.gross_exposure_usd_cents, status.net_exposure_usd_cents) == (1_000_000_00, 0)
    assert (status.cycle, status.revision, status.expires_us) == ("2025-11-16", 0, CYCLE.expires_us)


def test_the_same_document_gets_the_same_receipt_later_and_after_a_restart(world) -> None:
    envelope = sealed(allocation_payload())
    first = world.service.configure(envelope)
    world.now_us += 1_000_000
    assert world.service.configure(envelope) == first
    world.restart()
    assert world.service.configure(envelope) == first
    world.now_us = CYCLE.expires_us
    assert world.service.configure(envelope) == first
    assert world.service.status().trading_state == "REDUCING"


@pytest.mark.parametrize(
    ("envelope", "error"),
    [
        (sealed(allocation_payload()).replace(b"eyJ", b"eyK", 1), Refused),
        (sealed(allocation_payload(pod="carry")), Refused),
        (sealed(allocation_payload(), key=STRANGER), Refused),
        (sealed(allocation_payload(), key=HALTER), Refused),
        (sealed_halt(key=ALLOCATOR), Refused),
        (sealed(allocation_payload(extra=1)), Refused),
        (sealed(allocation_payload(expires_us=NOW_US)), Expired),
        (sealed(allocation_payload(issued_us=NOW_US + 3_000_000)), Refused),
        (sealed(allocation_payload(revision=1)), RolledBack),
        (sealed(allocation_payload(revision=5, tier="other")), Refused),
        (b"", Refused),
    ],
    ids=range(11),
)
def test_what_is_refused_changes_nothing(world, envelope, error) -> None:
    world.service.configure(sealed(allocation_payload(revision=5)))
    before = (world.folder / "state.json").read_bytes()
    with pytest.raises(error) as refusal:
        world.service.configure(envelope)
    assert type(refusal.value) is error
    assert (world.folder / "state.json").read_bytes() == before
    assert world.service.status().revision == 5


def test_halt_stops_and_survives_a_restart_and_a_new_document(world) -> None:
    world.service.configure(sealed(allocation_payload()))
    answer = halt_receipt_of(world.service.halt(sealed_halt("FLATTEN")))
    assert (answer.verb, answer.verb_in_force, answer.trading_state, answer.applied_us) == (
        "FLATTEN",
        "FLATTEN",
        "HALTED",
        NOW_US,
    )
    for _ in range(2):
        status = world.service.status()
        assert (status.trading_state, status.halt, status.gross_exposure_usd_cents) == ("HALTED", "FLATTEN", 0)
        assert status.limits.max_gross_usd_cents == 0
        world.restart()
    world.service.configure(sealed(allocation_payload(revision=1)))
    assert world.service.status().trading_state == "HALTED"
    assert world.service.status().gross_exposure_usd_cents == 0


def test_repeating_a_halt_gets_the_same_answer(world) -> None:
    first = world.service.halt(sealed_halt("FREEZE"))
    world.now_us += 5_000_000
    assert world.service.halt(sealed_halt("FREEZE")) == first
    world.restart()
    assert world.service.halt(sealed_halt("FREEZE")) == first


def test_a_weaker_halt_is_told_what_holds(world) -> None:
    world.service.halt(sealed_halt("FLATTEN"))
    world.now_us += 1
    answer = halt_receipt_of(world.service.halt(sealed_halt("REDUCE")))
    assert (answer.verb, answer.verb_in_force, answer.applied_us) == ("REDUCE", "FLATTEN", NOW_US)
    assert world.service.status().halt == "FLATTEN"


def test_a_halt_of_the_same_verb_keeps_the_time_it_was_applied(world) -> None:
    world.service.halt(sealed_halt("FREEZE", issued_us=NOW_US))
    world.now_us += 9
    assert halt_receipt_of(world.service.halt(sealed_halt("FREEZE", issued_us=NOW_US - 5))).applied_us == NOW_US


@pytest.mark.parametrize(
    "envelope",
    [sealed_halt(key=STRANGER), sealed_halt(key=ALLOCATOR), sealed_halt(pod="carry"), sealed(allocation_payload()), b"{}"],
    ids=range(5),
)
def test_a_halt_that_is_none_changes_nothing(world, envelope) -> None:
    with pytest.raises(Refused):
        world.service.halt(envelope)
    assert world.service.status().halt is None


def test_freeze_holds_positions_and_expiry_lets_none_grow(world) -> None:
    world.service.configure(sealed(allocation_payload()))
    world.now_us = CYCLE.expires_us
    status = world.service.status()
    assert (status.trading_state, status.gross_exposure_usd_cents) == ("REDUCING", 1_000_000_00)
    world.service.halt(sealed_halt("FREEZE"))
    assert world.service.status().gross_exposure_usd_cents == 1_000_000_00


def test_the_sequence_rises_across_restarts(world) -> None:
    seen = [world.service.status().sequence for _ in range(3)]
    world.restart()
    seen += [world.service.status().sequence for _ in range(3)]
    assert seen == sorted(set(seen))


def test_nothing_is_applied_or_acknowledged_that_could_not_be_made_durable(world, monkeypatch) -> None:
    from pods import store as store_module

    def broken(*_args, **_kwargs) -> bool:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(store_module, "write_durably", broken)
    for call, envelope in ((world.service.configure, sealed(allocation_payload())), (world.service.halt, sealed_halt())):
        with pytest.raises(OSError, match="Input/output"):
            call(envelope)
    status = world.service.status()
    assert (status.document_digest, status.halt, status.gross_exposure_usd_cents) == (None, None, 0)


def test_persisted_but_not_acknowledged_is_in_force_after_the_crash(world, monkeypatch) -> None:
    def crash(_effective) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(world.book, "obey", crash)
    with pytest.raises(KeyboardInterrupt):
        world.service.configure(sealed(allocation_payload()))
    world.restart()
    assert world.service.status().gross_exposure_usd_cents == 1_000_000_00
    assert receipt_of(world.service.configure(sealed(allocation_payload()))).applied_us == NOW_US


def test_unknown_exposure_is_reported_as_unknown(tmp_path) -> None:
    class Blind:
        def obey(self, effective) -> None:
            pass

        def exposure(self) -> Exposure:
            return Exposure(None, None, None, None, unknown_since_us=NOW_US - 7)

    service = PodService(
        PodStore(tmp_path, "trend", POD_KEY),
        Blind(),
        trusted_allocators={},
        trusted_halters={},
        key=POD_KEY,
        clock=lambda: UtcUs(NOW_US),
    )
    status = service.status()
    assert (status.net_exposure_usd_cents, status.pnl_usd_cents, status.exposure_unknown_since_us) == (None, None, NOW_US - 7)
