import pytest

from domain.errors import Refused
from domain.tiers import Standing
from promotion_gates.judge import judge
from promotion_gates.lifecycle import decide_tier
from tests.unit.promotion_gates.builders import LADDER, evidence, figure, policy

GOOD: dict = {}
WEAK = {"dsr": figure(0.94)}
FAKE = {"r_squared": figure(0.9), "alpha_t": figure(0.1)}


def verdict(tier, figures):
    return judge(policy(), evidence(figures), LADDER.tiers[LADDER.index(tier)])


def decide(current, approvals=0, **by_tier):
    return decide_tier(LADDER, current, [verdict(tier, figures) for tier, figures in by_tier.items()], approvals)


def test_a_rise_is_one_tier_and_needs_the_signatures():
    risen = decide("T0", 1, T1=GOOD, T2=GOOD)
    assert (risen.tier, risen.standing) == ("T1", Standing.PROMOTED)
    waiting = decide("T0", 0, T1=GOOD)
    assert (waiting.tier, waiting.standing) == ("T0", Standing.AWAITING_APPROVAL)
    assert waiting.reason == "T1 asks for 1 approvals, 0 held"
    assert decide("T1", 1, T1=GOOD, T2=GOOD).standing is Standing.AWAITING_APPROVAL


def test_without_a_pass_a_new_pod_incubates_and_says_why():
    kept = decide("T0", 9, T1=WEAK)
    assert (kept.tier, kept.standing) == ("T0", Standing.INCUBATING)
    assert kept.reason.startswith("dsr: INSUFFICIENT: ")


def test_a_pod_keeps_its_tier_while_its_own_gates_pass():
    small = {"capacity_usd": figure(1_500_000.0)}  # enough for T1, not for T2
    held = decide("T1", 9, T1=small, T2=small)
    assert (held.tier, held.standing) == ("T1", Standing.HELD)
    assert decide("T2", 9, T2=GOOD).reason == "the highest tier"


def test_a_pod_that_fails_its_own_tier_falls_to_the_highest_one_that_passes():
    small = {"capacity_usd": figure(1_500_000.0)}
    fallen = decide("T2", 9, T1=small, T2=small)
    assert (fallen.tier, fallen.standing) == ("T1", Standing.HELD)
    assert fallen.reason.startswith("fell from T2: capacity: INSUFFICIENT")
    floor = decide("T2", 9, T1=WEAK, T2=WEAK)
    assert (floor.tier, floor.standing) == ("T0", Standing.INCUBATING)


@pytest.mark.parametrize("current", ["T0", "T1"])
def test_retirement_is_zero_from_any_tier(current):
    gone = decide(current, 9, T1=FAKE, T2=GOOD)
    assert gone.standing is Standing.RETIRED
    assert gone.reason == "fake_alpha"


def test_what_does_not_fit_together_is_refused():
    with pytest.raises(Refused, match="expected a verdict on that tier too"):
        decide("T1", T2=GOOD)
    with pytest.raises(Refused, match="verdicts on one"):
        decide_tier(LADDER, "T0", [], 0)
    with pytest.raises(Refused, match="at most one verdict a tier"):
        decide_tier(LADDER, "T0", [verdict("T1", GOOD), verdict("T1", WEAK)], 0)
    with pytest.raises(Refused, match="unknown tier 'T8'"):
        decide("T8", T1=GOOD)
