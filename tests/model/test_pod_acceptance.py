"""A pod against a model that knows only what was sent: whatever comes in whatever order, both agree."""

import shutil
import tempfile
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from domain.errors import Expired, Refused, RolledBack
from domain.times import US_PER_HOUR, Cycle, UtcUs
from ledger.keys import trust
from pods.paper import PaperBook
from pods.service import PodService
from pods.store import PodStore
from tests.documents import ALLOCATOR, HALTER, LIMITS, POD_KEY, STRANGER, allocation_payload, sealed, sealed_halt

CYCLES = [Cycle.parse(f"2025-11-{day}") for day in (16, 17, 18)]
ORDER = ["CANCEL-RISK-ADDING", "REDUCE", "FREEZE", "UNWIND", "FLATTEN"]
CLOSED = {"REDUCE", "UNWIND", "FLATTEN"}


class PodMachine(RuleBasedStateMachine):
    """The model: the newest accepted (cycle, revision, variant), its receipt, and the worst verb."""

    @initialize()
    def begin(self) -> None:
        self.folder = Path(tempfile.mkdtemp())
        self.now_us = CYCLES[0].issued_us
        self.held: tuple[int, int, int] | None = None
        self.receipt = b""
        self.worst = -1
        self.sequence = 0
        self.start()

    def start(self) -> None:
        self.store = PodStore(self.folder, "trend", POD_KEY)
        self.service = PodService(
            self.store,
            PaperBook(),
            trusted_allocators=trust([ALLOCATOR.public]),
            trusted_halters=trust([HALTER.public]),
            key=POD_KEY,
            clock=lambda: UtcUs(self.now_us),
        )

    @rule(day=st.integers(0, 2), revision=st.integers(0, 2), variant=st.integers(0, 1))
    def configure(self, day: int, revision: int, variant: int) -> None:
        """`variant` makes another document of the same cycle and revision."""
        gross = LIMITS["max_gross_usd_cents"] - variant
        payload = allocation_payload(CYCLES[day], revision=revision, limits=LIMITS | {"max_gross_usd_cents": gross})
        offered = (day, revision, variant)
        envelope = sealed(payload)
        if offered == self.held:
            assert self.service.configure(envelope) == self.receipt
        elif self.now_us >= CYCLES[day].expires_us:
            self.expect(Expired, envelope)
        elif self.now_us < CYCLES[day].issued_us - 2_000_000:
            self.expect(Refused, envelope)
        elif self.held is not None and offered[:2] < self.held[:2]:
            self.expect(RolledBack, envelope)
        elif self.held is not None and offered[:2] == self.held[:2]:
            self.expect(Refused, envelope)
        else:
            self.receipt = self.service.configure(envelope)
            self.held = offered

    @rule(day=st.integers(0, 2), revision=st.integers(0, 9), place=st.integers(0, 100_000))
    def configure_altered(self, day: int, revision: int, place: int) -> None:
        envelope = bytearray(sealed(allocation_payload(CYCLES[day], revision=revision)))
        envelope[place % len(envelope)] ^= 1
        self.expect(Refused, bytes(envelope))

    @rule(day=st.integers(0, 2))
    def configure_for_another_or_by_a_stranger(self, day: int) -> None:
        self.expect(Refused, sealed(allocation_payload(CYCLES[day], revision=9, pod="carry")))
        self.expect(Refused, sealed(allocation_payload(CYCLES[day], revision=9), key=STRANGER))

    @rule(verb=st.sampled_from(ORDER), pod=st.sampled_from(["trend", "*"]), issued_us=st.integers(0, 10))
    def halt(self, verb: str, pod: str, issued_us: int) -> None:
        envelope = sealed_halt(verb, pod=pod, issued_us=issued_us)
        assert self.service.halt(envelope) == self.service.halt(envelope)
        self.worst = max(self.worst, ORDER.index(verb))

    @rule(verb=st.sampled_from(ORDER))
    def halt_by_a_stranger(self, verb: str) -> None:
        with pytest.raises(Refused):
            self.service.halt(sealed_halt(verb, key=STRANGER))

    @rule(hours=st.integers(1, 20))
    def time_passes(self, hours: int) -> None:
        self.now_us += hours * US_PER_HOUR

    @rule()
    def restart(self) -> None:
        self.store.close()
        self.start()

    @invariant()
    def agrees(self) -> None:
        status = self.service.status()
        assert status.sequence > self.sequence
        self.sequence = status.sequence
        fresh = self.held is not None and self.now_us < CYCLES[self.held[0]].expires_us
        verb = ORDER[self.worst] if self.worst >= 0 else None
        assert status.halt == verb
        assert status.trading_state == (
            "HALTED" if self.worst >= ORDER.index("FREEZE") else "ACTIVE" if fresh and verb is None else "REDUCING"
        )
        if self.held is None:
            assert (status.cycle, status.limits.max_gross_usd_cents, status.gross_exposure_usd_cents) == (None, 0, 0)
            return
        allowed = LIMITS["max_gross_usd_cents"] - self.held[2]
        assert (status.cycle, status.revision) == (CYCLES[self.held[0]].label, self.held[1])
        assert status.limits.max_gross_usd_cents == (0 if verb in ("UNWIND", "FLATTEN") else allowed)
        assert status.gross_exposure_usd_cents is not None
        if verb != "FREEZE":
            assert status.gross_exposure_usd_cents <= status.limits.max_gross_usd_cents
        if verb in CLOSED:
            assert status.gross_exposure_usd_cents == 0

    def expect(self, error: type[Refused], envelope: bytes) -> None:
        with pytest.raises(error) as refusal:
            self.service.configure(envelope)
        assert type(refusal.value) is error

    def teardown(self) -> None:
        if hasattr(self, "store"):
            self.store.close()
            shutil.rmtree(self.folder)


PodMachine.TestCase.settings = settings(max_examples=40, stateful_step_count=30, deadline=None)
TestPod = PodMachine.TestCase
