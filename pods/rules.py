"""The constitution as pure rules: which document a pod accepts, what a halt does, and what is in force now."""

from dataclasses import dataclass

from domain.canonical import digest
from domain.documents import AllocationDocument, HaltOrder, Limits, Receipt, TradingState
from domain.errors import Refused, RolledBack
from domain.model import Frozen
from domain.times import Cycle, iso
from ledger.payloads import validity
from pods.verbs import VERB_RULES, Positions

NO_LIMITS = Limits(max_gross_usd_cents=0, max_position_usd_cents=0, volatility_target_bps=0, max_loss_usd_cents=0)
"""No position at all."""

EVERY_POD = "*"


class PodState(Frozen):
    """All that a pod must remember: the newest document it accepted and the most restrictive halt it was given."""

    pod: str
    document: AllocationDocument | None = None
    document_digest: str | None = None
    """Digest of the payload that was signed."""
    applied_us: int | None = None
    halt: HaltOrder | None = None


@dataclass(frozen=True)
class Effective:
    """What a pod may do at one moment: the most restrictive of document and halt."""

    trading_state: TradingState
    limits: Limits
    positions: Positions
    reasons: tuple[str, ...]
    """Why it is not ACTIVE; empty where it is."""


def accept(state: PodState, document: AllocationDocument, document_digest: str, now_us: int) -> PodState:
    """The state after a document whose signature is proven.

    A document already held changes nothing, however late it is repeated. Otherwise it must be addressed to this pod,
    issued not before its cycle's midnight and not in the future, unexpired, and newer by (cycle, revision) than the one
    held. A halt stays.
    Raises Refused, Expired, or RolledBack (older than the one held).
    """
    if document.pod != state.pod:
        raise Refused(f"expected a document for pod {state.pod!r}, got one for {document.pod!r}: send it to its addressee")
    if document_digest == state.document_digest:
        return state
    _check_cycle(document)
    validity(document).check(now_us)
    if state.document is not None:
        _check_newer(state.document, document)
    return state.model_copy(update={"document": document, "document_digest": document_digest, "applied_us": now_us})


def halt(state: PodState, order: HaltOrder) -> PodState:
    """The state after a halt whose signature is proven: the most restrictive halt holds, in whatever order they come.

    Among halts of one verb the earliest issued is kept, so that repeating is harmless. Its time is not checked: a halt
    from a clock gone wrong still halts. No allocation document lifts a halt. Raises Refused where it is for another pod.
    """
    if order.pod not in (state.pod, EVERY_POD):
        raise Refused(
            f"expected a halt for pod {state.pod!r} or {EVERY_POD!r}, got one for {order.pod!r}: send it to its addressee"
        )
    if state.halt is not None and _restrictiveness(state.halt) >= _restrictiveness(order):
        return state
    return state.model_copy(update={"halt": order})


def effective(state: PodState, now_us: int) -> Effective:
    """What is in force at `now_us`.

    No document: REDUCING with zero limits. Expired: REDUCING under the old limits, positions may only shrink. A halt:
    its verb's row of VERB_RULES where that is more restrictive; verbs that close positions leave zero limits.
    """
    limits = NO_LIMITS if state.document is None else state.document.limits
    reasons = _document_reasons(state.document, now_us)
    trading_state = TradingState.REDUCING if reasons else TradingState.ACTIVE
    positions = Positions.SHRINK if reasons else Positions.WITHIN_LIMITS
    if state.halt is not None:
        rule = VERB_RULES[state.halt.verb]
        # Every verb is at least as restrictive as REDUCING with SHRINK, so the halt's row holds as it stands.
        trading_state, positions = rule.trading_state, rule.positions
        reasons.append(f"halted by {state.halt.verb} issued at {_time(state.halt.issued_us)}: {state.halt.reason}")
        if positions in (Positions.ZERO_IN_STEPS, Positions.ZERO_AT_ONCE):
            limits = NO_LIMITS
    return Effective(trading_state, limits, positions, tuple(reasons))


def receipt(state: PodState) -> Receipt:
    """The answer to the document that the state holds. Raises Refused where it holds none."""
    if state.document is None or state.document_digest is None or state.applied_us is None:
        raise Refused(f"expected pod {state.pod!r} to hold a document, it holds none: configure it first")
    return Receipt(
        pod=state.pod,
        document_digest=state.document_digest,
        cycle=state.document.cycle,
        revision=state.document.revision,
        applied_us=state.applied_us,
        max_gross_usd_cents=state.document.limits.max_gross_usd_cents,
    )


def _check_cycle(document: AllocationDocument) -> None:
    cycle = Cycle.parse(document.cycle)
    if cycle.label != document.cycle:
        raise Refused(
            f"expected a cycle written as {cycle.label}, got {document.cycle!r}: ask the allocator for a correct document"
        )
    if document.issued_us < cycle.closes_us:
        raise Refused(
            f"expected a document issued after its cycle's midnight {iso(cycle.closes_us)}: ask the allocator for a correct one"
        )


def _check_newer(held: AllocationDocument, offered: AllocationDocument) -> None:
    old, new = (held.cycle, held.revision), (offered.cycle, offered.revision)
    if new < old:
        raise RolledBack(
            f"expected a document newer than cycle {old[0]} revision {old[1]}, got {new[0]} revision {new[1]}: a replay"
        )
    if new == old:
        raise Refused(f"another document is held for cycle {old[0]} revision {old[1]}: the allocator must raise the revision")


def _document_reasons(document: AllocationDocument | None, now_us: int) -> list[str]:
    if document is None:
        return ["no allocation document was received yet"]
    if now_us >= document.expires_us:
        return [f"the allocation document of cycle {document.cycle} expired at {iso(document.expires_us)}"]
    return []


def _restrictiveness(order: HaltOrder) -> tuple[int, int, str]:
    return VERB_RULES[order.verb].severity, -order.issued_us, digest(order.model_dump(mode="json"))


def _time(us: int) -> str:
    try:
        return iso(us)
    except OverflowError:
        return f"{us} us"
