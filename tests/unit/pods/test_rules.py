import itertools

import pytest

from domain.documents import HaltVerb, TradingState
from domain.errors import Expired, Refused, RolledBack
from domain.times import US_PER_SECOND, Cycle
from pods.rules import NO_LIMITS, PodState, accept, effective, halt, receipt
from pods.verbs import VERB_RULES, Positions
from tests.documents import CYCLE, NOW_US, allocation, halt_order

EMPTY = PodState(pod="trend")
HELD = accept(EMPTY, allocation(), "sha256:a", NOW_US)
NEXT = Cycle.parse("2025-11-17")


def test_the_first_document_is_in_force() -> None:
    now = effective(HELD, NOW_US)
    assert (now.trading_state, now.limits, now.positions, now.reasons) == (
        TradingState.ACTIVE,
        allocation().limits,
        Positions.WITHIN_LIMITS,
        (),
    )


def test_the_same_document_changes_nothing_even_late() -> None:
    assert accept(HELD, allocation(), "sha256:a", NOW_US + 1) is HELD
    assert accept(HELD, allocation(), "sha256:a", CYCLE.expires_us + 1) is HELD


def test_a_document_for_another_pod_is_refused() -> None:
    with pytest.raises(Refused, match="expected a document for pod 'trend', got one for 'carry'"):
        accept(EMPTY, allocation(pod="carry"), "sha256:b", NOW_US)


def test_expiry_is_the_first_moment_that_is_too_late() -> None:
    assert accept(EMPTY, allocation(), "sha256:a", CYCLE.expires_us - 1).document is not None
    with pytest.raises(Expired, match="expired at 2025-11-17T12:30:00Z"):
        accept(EMPTY, allocation(), "sha256:a", CYCLE.expires_us)


def test_clock_skew_of_two_seconds_is_borne_and_no_more() -> None:
    assert accept(EMPTY, allocation(), "sha256:a", CYCLE.issued_us - 2 * US_PER_SECOND).document is not None
    with pytest.raises(Refused, match="issued in the future"):
        accept(EMPTY, allocation(), "sha256:a", CYCLE.issued_us - 2 * US_PER_SECOND - 1)


def test_older_is_rolled_back_and_equal_with_another_digest_is_refused() -> None:
    newer = accept(HELD, allocation(revision=2), "sha256:c", NOW_US)
    with pytest.raises(RolledBack, match="newer than cycle 2025-11-16 revision 2, got 2025-11-16 revision 1"):
        accept(newer, allocation(revision=1), "sha256:b", NOW_US)
    with pytest.raises(RolledBack):
        accept(newer, allocation(), "sha256:a", NOW_US)
    with pytest.raises(Refused, match="another document is held") as refusal:
        accept(newer, allocation(revision=2), "sha256:d", NOW_US)
    assert not isinstance(refusal.value, RolledBack)


def test_a_later_cycle_is_newer_whatever_its_revision() -> None:
    held = accept(EMPTY, allocation(revision=9), "sha256:a", NOW_US)
    later = accept(held, allocation(NEXT), "sha256:b", NEXT.issued_us)
    assert (later.document and later.document.cycle, later.applied_us) == ("2025-11-17", NEXT.issued_us)
    with pytest.raises(RolledBack):
        accept(later, allocation(revision=10), "sha256:c", NEXT.issued_us)


@pytest.mark.parametrize("cycle", ["20251116", "2025-W46-7", "tomorrow", "", "2099-01-01"])
def test_a_cycle_that_is_misspelt_or_not_yet_over_is_refused(cycle: str) -> None:
    with pytest.raises(Refused):
        accept(EMPTY, allocation(cycle=CYCLE).model_copy(update={"cycle": cycle}), "sha256:a", NOW_US)


def test_without_a_document_or_past_its_expiry_no_risk_is_added() -> None:
    none = effective(EMPTY, NOW_US)
    assert (none.trading_state, none.limits, none.positions) == (TradingState.REDUCING, NO_LIMITS, Positions.SHRINK)
    assert none.reasons == ("no allocation document was received yet",)
    old = effective(HELD, CYCLE.expires_us)
    assert (old.trading_state, old.limits, old.positions) == (TradingState.REDUCING, allocation().limits, Positions.SHRINK)
    assert "expired at 2025-11-17T12:30:00Z" in old.reasons[0]
    assert effective(HELD, CYCLE.expires_us - 1).trading_state is TradingState.ACTIVE


@pytest.mark.parametrize(
    ("verb", "state", "positions", "gross"),
    [
        ("CANCEL-RISK-ADDING", "REDUCING", Positions.SHRINK, 1_000_000_00),
        ("REDUCE", "REDUCING", Positions.TOWARDS_ZERO, 1_000_000_00),
        ("FREEZE", "HALTED", Positions.HOLD, 1_000_000_00),
        ("UNWIND", "HALTED", Positions.ZERO_IN_STEPS, 0),
        ("FLATTEN", "HALTED", Positions.ZERO_AT_ONCE, 0),
    ],
)
def test_what_each_verb_does(verb: str, state: str, positions: Positions, gross: int) -> None:
    now = effective(halt(HELD, halt_order(verb)), NOW_US)
    assert (now.trading_state, now.positions, now.limits.max_gross_usd_cents) == (state, positions, gross)
    assert f"halted by {verb}" in now.reasons[0]


def test_every_verb_has_its_rule_and_none_lets_risk_grow() -> None:
    assert set(VERB_RULES) == set(HaltVerb)
    assert len({rule.severity for rule in VERB_RULES.values()}) == len(VERB_RULES)
    for rule in VERB_RULES.values():
        assert rule.trading_state is not TradingState.ACTIVE
        assert rule.positions is not Positions.WITHIN_LIMITS


def test_the_most_restrictive_halt_holds_in_whatever_order_they_come() -> None:
    orders = [halt_order(verb, issued_us=issued) for verb in ("REDUCE", "FREEZE", "FLATTEN") for issued in (5, 3)]
    outcomes = []
    for sequence in itertools.permutations(orders):
        state = HELD
        for order in sequence:
            state = halt(state, order)
        outcomes.append(state)
    assert all(outcome == outcomes[0] for outcome in outcomes)
    assert outcomes[0].halt == halt_order("FLATTEN", issued_us=3)


def test_repeating_a_halt_changes_nothing() -> None:
    halted = halt(HELD, halt_order("FREEZE"))
    assert halt(halted, halt_order("FREEZE")) is halted
    assert halt(halted, halt_order("REDUCE")) is halted


def test_a_halt_for_every_pod_halts_and_one_for_another_pod_is_refused() -> None:
    assert effective(halt(EMPTY, halt_order(pod="*")), NOW_US).trading_state is TradingState.HALTED
    with pytest.raises(Refused, match="got one for 'carry'"):
        halt(EMPTY, halt_order(pod="carry"))


@pytest.mark.parametrize("issued_us", [-(10**30), 0, NOW_US + 10**12, 10**30])
def test_a_halt_from_a_clock_gone_wrong_still_halts(issued_us: int) -> None:
    assert effective(halt(HELD, halt_order(issued_us=issued_us)), NOW_US).trading_state is TradingState.HALTED


def test_no_document_lifts_a_halt() -> None:
    halted = halt(HELD, halt_order())
    later = accept(halted, allocation(NEXT), "sha256:b", NEXT.issued_us)
    assert later.halt == halted.halt
    assert effective(later, NEXT.issued_us).trading_state is TradingState.HALTED


def test_receipt_names_what_is_in_force() -> None:
    assert receipt(HELD).model_dump() == {
        "pod": "trend",
        "document_digest": "sha256:a",
        "cycle": "2025-11-16",
        "revision": 0,
        "applied_us": NOW_US,
        "max_gross_usd_cents": 1_000_000_00,
    }
    with pytest.raises(Refused, match="holds none"):
        receipt(EMPTY)


@pytest.mark.parametrize("state", [EMPTY, HELD, halt(HELD, halt_order("REDUCE", pod="*"))])
def test_state_survives_json(state: PodState) -> None:
    assert PodState.parse(state.model_dump(mode="json"), "test") == state
