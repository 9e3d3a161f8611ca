import math
import statistics

import pytest

from domain.errors import Refused
from domain.evidence import Outcome
from domain.tiers import Tier
from promotion_gates.judge import judge, verdict_bytes
from tests.unit.promotion_gates.builders import DAYS, LADDER, TIER, evidence, figure, outcomes, policy, result

PASS, FAIL, INSUFFICIENT = Outcome.PASS, Outcome.FAIL, Outcome.INSUFFICIENT


def verdict(figures=None, tier=TIER, **changes):
    return judge(policy(), evidence(figures, **changes), tier)


def test_good_evidence_passes_every_gate():
    found = verdict()
    assert found.outcome is PASS
    assert set(outcomes(found).values()) == {PASS}
    assert found.reasons == ()
    assert not found.retire


@pytest.mark.parametrize(
    ("gate", "name", "bad", "outcome"),
    [
        ("data_completeness", "data_completeness", figure(0.99), INSUFFICIENT),
        ("data_red_findings", "data_red_findings", figure(1.0), INSUFFICIENT),
        ("data_resolution", "bar_interval_s", figure(90_000.0), INSUFFICIENT),
        ("funding_known", "funding_known_share", figure(0.9), INSUFFICIENT),
        ("latency_p99", "latency_p99_us", figure(4_900_000.0, low=1.0, high=5_000_001.0), FAIL),
        ("max_drawdown", "max_drawdown", figure(0.26), FAIL),
        ("volatility", "volatility_annual", figure(0.31), FAIL),
        ("tail_loss", "es_97_5_1d", figure(0.05), FAIL),
        ("beta_btc", "beta_btc", figure(-0.6), FAIL),
        ("turnover", "turnover_annual", figure(500.0), FAIL),
        ("capacity", "capacity_usd", figure(999_999.0), INSUFFICIENT),
        ("residual_alpha", "alpha_t", figure(1.9), INSUFFICIENT),
        ("residual_alpha", "alpha_t", figure(-1.0), FAIL),
        ("decay", "decay_z", figure(-3.1), FAIL),
        ("fill_style", "maker_share_shortfall", figure(0.1), FAIL),
        ("shortfall", "shortfall_bps", figure(30.0), FAIL),
        ("psr", "psr", figure(0.94), INSUFFICIENT),
        ("psr", "psr", figure(0.5), FAIL),
        ("dsr", "dsr", figure(0.94), INSUFFICIENT),
        ("dsr", "dsr", figure(0.6), FAIL),
        ("pbo", "pbo", figure(0.21), FAIL),
    ],
)
def test_each_gate_stops_what_it_is_for(gate, name, bad, outcome):
    found = verdict({name: bad})
    assert outcomes(found)[gate] is outcome
    assert found.outcome is outcome
    assert [reason.split(":")[0] for reason in found.reasons] == [gate]
    assert result(found, gate).margin < 0


@pytest.mark.parametrize("name", ["data_completeness", "latency_p99_us", "capacity_usd", "alpha_t", "psr", "dsr", "pbo"])
@pytest.mark.parametrize("missing", [None, figure(None, note="zero variance")])
def test_an_undefined_or_absent_figure_never_passes(name, missing):
    found = verdict({name: missing})
    assert found.outcome is INSUFFICIENT
    assert not found.retire
    missed = [line for line in found.gates if line.outcome is not PASS]
    assert missed
    expected = f"{name}: nobody measured it" if missing is None else f"{name}: undefined (zero variance)"
    assert {line.needs for line in missed} == {expected}


def test_exactly_at_the_threshold_passes():
    found = verdict({"data_completeness": figure(0.995), "pbo": figure(0.2), "dsr": figure(0.95), "capacity_usd": figure(1e6)})
    assert found.outcome is PASS
    assert result(found, "pbo").margin == 0.0


def test_the_upper_bound_of_the_latency_counts_and_its_absence_is_not_a_pass():
    assert outcomes(verdict({"latency_p99_us": figure(4_000_000.0, high=5_000_000.0)}))["latency_p99"] is PASS
    unbounded = result(verdict({"latency_p99_us": figure(4_000_000.0)}), "latency_p99")
    assert unbounded.outcome is INSUFFICIENT
    assert "95 % interval" in unbounded.needs


def test_one_latency_passes_a_trend_and_retires_a_market_maker_whom_hourly_bars_cannot_judge():
    maker = verdict(style="market_making")
    assert outcomes(verdict())["latency_p99"] is PASS
    assert outcomes(maker)["latency_p99"] is FAIL
    assert outcomes(maker)["data_resolution"] is INSUFFICIENT
    assert maker.retire


def test_fake_alpha_is_retired_though_profitable_and_asked_only_where_the_market_explains_the_pod():
    fake = verdict({"r_squared": figure(0.9), "alpha_t": figure(0.5), "total_return": figure(3.0)})
    assert outcomes(fake)["fake_alpha"] is FAIL
    assert fake.retire
    assert "fake_alpha" not in outcomes(verdict({"r_squared": figure(0.49), "alpha_t": figure(0.5)}))
    assert outcomes(verdict({"r_squared": figure(0.5), "alpha_t": figure(2.0)}))["fake_alpha"] is PASS
    unknown = verdict({"r_squared": None})
    assert outcomes(unknown)["fake_alpha"] is INSUFFICIENT
    assert not unknown.retire


def test_execution_and_latency_are_not_asked_where_no_pod_runs():
    asked = set(outcomes(verdict())) - set(outcomes(verdict(live=False)))
    assert asked == {"latency_p99", "fill_style", "shortfall"}


def test_pbo_is_asked_only_where_a_configuration_was_selected():
    assert set(outcomes(verdict())) - set(outcomes(verdict(selected=False))) == {"pbo"}


def test_funding_is_not_asked_on_spot():
    assert set(outcomes(verdict())) - set(outcomes(verdict(market="spot"))) == {"funding_known"}


def test_the_first_tier_asks_for_sound_data_and_what_would_retire():
    asked = set(outcomes(verdict(tier=LADDER.tiers[0])))
    assert asked == {"data_completeness", "data_red_findings", "latency_p99", "decay"}


def test_so_many_more_days_is_the_minimum_track_record_length():
    value = 0.90
    needs = result(verdict({"psr": figure(value)}), "psr").needs
    normal = statistics.NormalDist()
    needed = 1 + (DAYS - 1) * (normal.inv_cdf(0.95) / normal.inv_cdf(value)) ** 2
    assert needs.startswith(f"{math.ceil(needed - DAYS)} more days at this rate, or a Sharpe ratio of ")


def test_the_sharpe_ratio_asked_for_would_pass_and_a_tenth_less_would_not():
    # Normal returns, 730 days: z = SR sqrt(729) / sqrt(1 + SR^2 / 2) per day against 1.645.
    words = result(verdict({"psr": figure(0.9)}), "psr").needs
    asked = float(words.split("Sharpe ratio of ")[1].split(" ")[0])

    def z(annual):
        daily = annual / math.sqrt(365)
        return daily * math.sqrt(729) / math.sqrt(1 + daily**2 / 2)

    assert z(asked) >= 1.6448536 > z(asked - 0.1)
    deflated = result(verdict({"dsr": figure(0.9)}), "dsr").needs
    assert deflated.endswith("at this length and 20 trials")
    assert float(deflated.split("Sharpe ratio of ")[1].split(" ")[0]) == pytest.approx(asked + 1.3, abs=0.11)


def test_a_t_statistic_grows_with_the_root_of_time():
    # From 1.6 to 2 takes (2 / 1.6)^2 = 1.5625 of the time: 0.5625 x 730 = 410.6 more days.
    assert result(verdict({"alpha_t": figure(1.6)}), "residual_alpha").needs.startswith("411 more days")
    # From 1.4 it takes 760 more, beyond the horizon of 730: evidence against.
    assert outcomes(verdict({"alpha_t": figure(1.4)}))["residual_alpha"] is FAIL


def test_a_capacity_too_small_for_the_tier_asks_for_a_smaller_limit():
    assert result(verdict({"capacity_usd": figure(340_000.0)}), "capacity").needs == "a limit of at most 340,000 USD"


def test_too_few_days_say_nothing_for_or_against():
    found = result(verdict({"alpha_t": figure(-1.0, n=49)}), "residual_alpha")
    assert found.outcome is INSUFFICIENT
    assert found.needs == "41 more days (49 of 90)"


def test_a_failure_outweighs_what_is_insufficient():
    found = verdict({"dsr": figure(None), "max_drawdown": figure(0.9)})
    assert found.outcome is FAIL
    assert not found.retire


def test_bytes_are_reproducible_and_digits_below_the_grid_do_not_count():
    first = verdict_bytes(verdict({"psr": figure(0.99)}))
    assert first == verdict_bytes(verdict({"psr": figure(0.99 + 1e-13)}))
    assert first != verdict_bytes(verdict({"psr": figure(0.9901)}))


def test_a_tier_without_gates_and_an_unknown_style_are_refused():
    with pytest.raises(Refused, match="asks nothing at tier 'T9'"):
        verdict(tier=Tier(name="T9", cap_usd=1, approvals=0, loss_budget_usd=1))
    with pytest.raises(Refused, match="unknown style 'magic'"):
        verdict(style="magic")
    with pytest.raises(Refused, match="unknown market 'option'"):
        verdict(market="option")
