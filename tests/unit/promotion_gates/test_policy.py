import pytest

from domain.errors import Refused
from domain.strategy import Style
from promotion_gates.policy import Policy
from tests.unit.promotion_gates.builders import LADDER, TIER, policy, policy_data


def parse(**changes):
    data = policy_data()
    data["gates"][0] |= changes
    return Policy.parse(data, "policy.yaml")


def test_the_committed_policy_covers_every_style_and_tier_of_both_desks():
    for gate in policy().gates:
        assert len(gate.why) > 20
        for style in Style:
            for tier in LADDER.tiers:
                assert isinstance(gate.limit(style, tier), float | int)


def test_an_unknown_key_is_refused_by_name():
    with pytest.raises(Refused, match=r"policy.yaml: unknown key 'gates.0.treshold'"):
        parse(treshold=1)


def test_a_gate_without_a_threshold_names_the_styles_left_out():
    with pytest.raises(Refused, match="none for the styles"):
        parse(threshold=None, by_style={"trend": 1.0})


def test_two_gates_of_one_name_are_refused():
    with pytest.raises(Refused, match="gates named twice: \\['funding_known'\\]"):
        parse(name="funding_known")


def test_more_days_needs_a_statistic():
    with pytest.raises(Refused, match="`statistic` goes with"):
        parse(missed="more_days")


def test_the_size_of_an_intervals_end_is_refused():
    with pytest.raises(Refused, match="interval's end means nothing"):
        parse(absolute=True, interval="high")


def test_thresholds_follow_the_tiers_capital():
    gates = {gate.name: gate for gate in policy().gates}
    larger = TIER.model_copy(update={"cap_usd": 2_000_000})
    assert gates["capacity"].limit(Style.TREND, TIER) == 1_000_000
    assert gates["capacity"].limit(Style.TREND, larger) == 2_000_000
    assert gates["max_drawdown"].limit(Style.TREND, TIER) == pytest.approx(1.25 * 0.2)
    assert gates["max_drawdown"].limit(Style.TREND, larger) == pytest.approx(1.25 * 0.1)


def test_any_change_changes_the_digest():
    assert policy().digest == policy().digest
    assert parse(why="Another reason altogether.").digest != policy().digest
