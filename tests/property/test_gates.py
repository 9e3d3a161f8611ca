from hypothesis import given, settings
from hypothesis import strategies as st

from domain.evidence import Figure, Outcome
from domain.strategy import Style
from domain.tiers import Standing
from promotion_gates.judge import judge, verdict_bytes
from promotion_gates.lifecycle import decide_tier
from tests.unit.promotion_gates.builders import GOOD, LADDER, TIER, evidence, policy

POLICY = policy()
FEW = settings(max_examples=150, deadline=None)
NUMBERS = st.one_of(st.none(), st.floats(-1e7, 1e7), st.floats(0, 1))
STYLES = st.sampled_from([style.value for style in Style])


@st.composite
def figures(draw):
    found = {}
    for name in GOOD:
        value = draw(NUMBERS) if draw(st.booleans()) else GOOD[name].value
        if name in ("psr", "dsr", "pbo") and value is not None:
            value = min(max(value, 0.0), 1.0)
        end = None if value is None else value + draw(st.sampled_from([0.0, 1.0]))
        found[name] = draw(
            st.sampled_from([None, Figure(value=value, unit="1", low=value, high=end, n=draw(st.integers(0, 900)))])
        )
    return found


@FEW
@given(figures(), STYLES, st.booleans(), st.sampled_from(LADDER.tiers))
def test_a_verdict_is_the_worst_of_its_gates_and_nothing_undefined_passes(found, style, live, tier):
    pieces = evidence(found, style=style, live=live)
    verdict = judge(POLICY, pieces, tier)
    results = {line.gate: line for line in verdict.gates}
    seen = {line.outcome for line in verdict.gates}
    order = [Outcome.FAIL, Outcome.INSUFFICIENT, Outcome.PASS]
    assert verdict.outcome is min(seen, key=order.index)
    for gate in POLICY.gates:
        line = results.get(gate.name)
        if line is None:
            continue
        assert (line.needs == "") == (line.outcome is Outcome.PASS)
        if line.outcome is Outcome.PASS:
            assert line.observed is not None
            assert line.margin >= 0
    if verdict.retire:
        assert any(line.outcome is Outcome.FAIL and line.consequence == "retire" for line in verdict.gates)
    assert verdict_bytes(verdict) == verdict_bytes(judge(POLICY, pieces, tier))


@FEW
@given(st.sampled_from(sorted(GOOD)), st.floats(-1e7, 1e7), st.floats(-1e7, 1e7))
def test_a_better_figure_never_turns_a_gate_for_the_worse(name, one, other):
    order = [Outcome.FAIL, Outcome.INSUFFICIENT, Outcome.PASS]
    for gate in POLICY.gates:
        if gate.figure != name or gate.absolute or gate.applies_when:
            continue
        one, other = ((min(max(value, 0.0), 1.0) if gate.unit == "probability" else value) for value in (one, other))
        worse, better = sorted((one, other), reverse=gate.comparison == "<=")
        ranks = []
        for value in (worse, better):
            pieces = evidence({name: Figure(value=value, unit=gate.unit, low=value, high=value, n=730)})
            line = next(entry for entry in judge(POLICY, pieces, TIER).gates if entry.gate == gate.name)
            ranks.append(order.index(line.outcome))
        assert ranks[0] <= ranks[1]


@FEW
@given(figures(), st.sampled_from(["T0", "T1", "T2"]), st.integers(0, 3))
def test_no_rise_without_a_pass_and_its_signatures_and_never_two_tiers(found, current, approvals):
    verdicts = [judge(POLICY, evidence(found), tier) for tier in LADDER.tiers]
    decision = decide_tier(LADDER, current, verdicts, approvals)
    rise = LADDER.index(decision.tier) - LADDER.index(current)
    assert rise <= 1
    if any(verdict.retire for verdict in verdicts):
        assert decision.standing is Standing.RETIRED
    if decision.standing is not Standing.RETIRED and LADDER.index(decision.tier) > 0:
        assert next(verdict for verdict in verdicts if verdict.tier == decision.tier).outcome is Outcome.PASS
    if rise == 1:
        assert approvals >= LADDER.tiers[LADDER.index(decision.tier)].approvals
