"""A pod that obeys: verify, persist, apply, acknowledge, in that order."""

import threading
from collections.abc import Callable

from domain.canonical import canonical_bytes, digest_bytes
from domain.documents import (
    ALLOCATION_TYPE,
    HALT_RECEIPT_TYPE,
    HALT_TYPE,
    RECEIPT_TYPE,
    AllocationDocument,
    HaltOrder,
    HaltReceipt,
    HaltVerb,
    Limits,
    TradingState,
)
from domain.model import Frozen
from domain.times import UtcUs
from ledger.envelope import open_envelope, seal
from ledger.keys import SigningKey, TrustedKeys
from ledger.payloads import parse_payload
from pods import rules
from pods.book import Book
from pods.store import PodStore

Clock = Callable[[], UtcUs]

_SEQUENCES_PER_START = 1_000_000_000


class Status(Frozen, use_attribute_docstrings=True):
    """The pod's account of itself at one moment. A figure that is not known is null, never zero."""

    pod: str
    time_us: int
    sequence: int
    """Rises with every answer, across restarts too."""
    trading_state: TradingState
    reasons: tuple[str, ...]
    """Why it is not ACTIVE."""
    halt: HaltVerb | None
    limits: Limits
    """In force now: zero where nothing is allowed."""
    net_exposure_usd_cents: int | None
    gross_exposure_usd_cents: int | None
    open_orders: int | None
    pnl_usd_cents: int | None
    exposure_unknown_since_us: int | None
    """Since when exposure is not known; null where it is."""
    document_digest: str | None
    cycle: str | None
    revision: int | None
    expires_us: int | None


class PodService:
    """The constitution of one pod over its store and its book; safe to call from several threads."""

    def __init__(
        self,
        store: PodStore,
        book: Book,
        *,
        trusted_allocators: TrustedKeys,
        trusted_halters: TrustedKeys,
        key: SigningKey,
        clock: Clock,
    ) -> None:
        """Count this start durably, then bring the book in line with what is remembered. Raises OSError."""
        self._store = store
        self._book = book
        self._allocators = trusted_allocators
        self._halters = trusted_halters
        self._key = key
        self._clock = clock
        self._answers = 0
        self._mutex = threading.Lock()
        store.save(store.held.model_copy(update={"starts": store.held.starts + 1}))
        self._apply(clock())

    def configure(self, envelope: bytes) -> bytes:
        """Put a signed allocation document in force; the signed receipt, which is the same for the same document.

        Raises Refused, Expired, RolledBack, with nothing changed; OSError where it cannot be made durable.
        """
        opened = open_envelope(envelope, self._allocators, ALLOCATION_TYPE)
        document = parse_payload(opened.payload, opened.payload_type)
        assert isinstance(document, AllocationDocument)
        with self._mutex:
            now_us, held = self._clock(), self._store.held
            state = rules.accept(held.state, document, opened.digest, now_us)
            if state != held.state or held.receipt is None:
                answer = seal(canonical_bytes(rules.receipt(state).model_dump(mode="json")), RECEIPT_TYPE, self._key)
                held = held.model_copy(update={"state": state}).with_receipt(answer)
                self._store.save(held)
            self._apply(now_us)
            assert held.receipt is not None
            return held.receipt

    def halt(self, envelope: bytes) -> bytes:
        """Obey a signed halt from any holder of a halt key; the signed answer, the same for the same halt as long as no
        more restrictive one comes. Raises Refused, with nothing changed; OSError where it cannot be made durable.
        """
        opened = open_envelope(envelope, self._halters, HALT_TYPE)
        order = parse_payload(opened.payload, opened.payload_type)
        assert isinstance(order, HaltOrder)
        with self._mutex:
            now_us, held = self._clock(), self._store.held
            state = rules.halt(held.state, order)
            if state != held.state:
                same_verb = held.state.halt is not None and state.halt is not None and held.state.halt.verb == state.halt.verb
                held = held.model_copy(update={"state": state, "halted_us": held.halted_us if same_verb else now_us})
                self._store.save(held)
            self._apply(now_us)
            assert state.halt is not None
            assert held.halted_us is not None
            answer = HaltReceipt(
                pod=state.pod,
                halt_digest=digest_bytes(opened.payload),
                verb=order.verb,
                verb_in_force=state.halt.verb,
                trading_state=rules.effective(state, now_us).trading_state,
                applied_us=held.halted_us,
            )
            return seal(canonical_bytes(answer.model_dump(mode="json")), HALT_RECEIPT_TYPE, self._key)

    def status(self) -> Status:
        """What is in force and what is held, now."""
        with self._mutex:
            now_us, state = self._clock(), self._store.held.state
            effective, exposure = rules.effective(state, now_us), self._book.exposure()
            self._answers += 1
            return Status(
                pod=state.pod,
                time_us=now_us,
                sequence=self._store.held.starts * _SEQUENCES_PER_START + self._answers,
                trading_state=effective.trading_state,
                reasons=effective.reasons,
                halt=None if state.halt is None else state.halt.verb,
                limits=effective.limits,
                net_exposure_usd_cents=exposure.net_usd_cents,
                gross_exposure_usd_cents=exposure.gross_usd_cents,
                open_orders=exposure.open_orders,
                pnl_usd_cents=exposure.pnl_usd_cents,
                exposure_unknown_since_us=exposure.unknown_since_us,
                document_digest=state.document_digest,
                cycle=None if state.document is None else state.document.cycle,
                revision=None if state.document is None else state.document.revision,
                expires_us=None if state.document is None else state.document.expires_us,
            )

    def _apply(self, now_us: int) -> None:
        self._book.obey(rules.effective(self._store.held.state, now_us))
