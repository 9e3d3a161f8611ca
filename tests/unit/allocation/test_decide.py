import dataclasses

import numpy as np
import pytest

from allocation.btc_correlation import Book, correlation
from allocation.decide import allocate
from allocation.optimise import Infeasible
from allocation.request import Allocation
from domain.errors import Refused
from domain.tiers import Standing
from tests.unit.allocation.builders import DAYS, case, desk, noise, request, roomy

FLOOR, CAP = 50_000, 1_000_000


def limits(answer):
    assert isinstance(answer, Allocation), answer
    return {line.pod: line.limit_usd for line in answer.limits}


def test_a_promoted_pod_gets_its_tier_cap_and_the_next_constraint_is_named():
    line = allocate(request(case("a", noise(1)), case("b", noise(2)))).limit("a")
    assert (line.limit_usd, line.binding) == (CAP, "tier cap T1")
    assert line.next_binding == "risk budget of a"
    assert line.next_usd > CAP


def test_incubating_held_and_retired():
    answer = allocate(
        request(
            case("new", noise(1), "T0", Standing.INCUBATING),
            case("waiting", noise(2), "T0", Standing.AWAITING_APPROVAL),
            case("kept", noise(3), "T1", Standing.HELD),
            case("out", noise(4), "T0", Standing.RETIRED, reason="fake_alpha"),
        )
    )
    assert limits(answer) == {"kept": CAP, "new": FLOOR, "out": 0, "waiting": FLOOR}
    assert answer.limit("new").binding == "learning capital"
    assert answer.limit("out").binding == "retired: fake_alpha"


def test_the_risk_budget_binds_where_the_target_is_small_and_adds_to_it():
    answer = allocate(request(case("a", noise(1)), case("b", noise(2, volatility=0.016)), on=desk(volatility_target_annual=0.01)))
    assert answer.limit("a").binding == "risk budget of a"
    assert answer.stress.volatility_annual == pytest.approx(0.01, rel=0.01)  # less the rounding to 1,000 USD
    line_a, line_b = answer.limit("a"), answer.limit("b")
    assert line_a.limit_usd / line_b.limit_usd == pytest.approx(2, rel=0.25)


def test_a_clone_shares_one_cap():
    original = noise(1)
    copy = original + 0.1 * noise(7)
    alone = limits(allocate(request(case("a", original), case("c", noise(3)))))
    both = allocate(request(case("a", original), case("b", copy), case("c", noise(3))))
    pair = limits(both)["a"] + limits(both)["b"]
    assert pair <= alone["a"]
    assert both.limit("b").binding == "tier cap T1 shared by a+b"
    assert limits(both)["c"] == alone["c"]


def test_a_clone_on_learning_capital_takes_it_from_the_pair():
    original = noise(1)
    answer = allocate(request(case("a", original), case("b", original + 0.1 * noise(7), "T0", Standing.INCUBATING)))
    assert limits(answer) == {"a": CAP - FLOOR, "b": FLOOR}
    assert answer.clusters == (("a", "b"),)


def test_a_clone_shares_the_capacity_of_what_both_trade():
    original = noise(1)
    tight = roomy(300_000.0)
    pods = (case("a", original, capacity=tight), case("b", original + 0.1 * noise(7), capacity=tight))
    answer = limits(allocate(request(*pods)))
    assert 290_000 <= answer["a"] + answer["b"] <= 300_000


def test_capacity_binds_below_the_cap_and_below_the_floor():
    answer = allocate(
        request(case("a", noise(1), capacity=roomy(123_456.0)), case("b", noise(2), "T0", Standing.INCUBATING, roomy(7_999.0)))
    )
    assert limits(answer) == {"a": 123_000, "b": 7_000}
    assert answer.limit("a").binding == "capacity: participation in BTCUSDT"
    assert answer.limit("b").binding == "capacity: participation in BTCUSDT"


def test_an_unknown_capacity_leaves_learning_capital_alone():
    unknown = dataclasses.replace(roomy(None), note="no known volume of XUSDT")
    answer = allocate(request(case("a", noise(1), capacity=unknown)))
    assert limits(answer) == {"a": FLOOR}
    assert answer.limit("a").binding == "learning capital (capacity unknown: no known volume of XUSDT)"


def btc_pair():
    btc = noise(999, volatility=0.03)
    return btc, btc * 0.25 + noise(1) * 0.2, btc * 0.25 + noise(2) * 0.2


def rho(answer, returns, btc):
    """Correlation of the book with BTC at the limits, straight from the daily profit of the book."""
    usd = np.array([answer.limit(pod).limit_usd for pod in sorted(returns)])
    profit = np.column_stack([returns[pod] for pod in sorted(returns)]) @ usd
    return np.corrcoef(profit, btc)[0, 1]


def test_a_pair_tied_to_btc_is_cut_to_the_cap():
    btc, first, second = btc_pair()
    returns = {"a": first, "b": second, "c": noise(3) * 0.4, "d": noise(4) * 0.4}
    answer = allocate(request(*(case(pod, series) for pod, series in returns.items()), btc=btc))
    assert answer.stress.btc_correlation_asked > 0.8
    assert answer.stress.btc_correlation <= 0.8
    assert rho(answer, returns, btc) <= 0.8
    assert answer.limit("a").binding == "BTC-correlation stress"
    assert answer.limit("a").next_binding == "tier cap T1 shared by a+b"
    assert answer.stress.btc_hedge_usd == 0.0


@pytest.mark.parametrize("seed", [6, 11, 21, 49])
def test_rounding_to_a_coarse_grid_does_not_push_the_correlation_over_its_cap(seed):
    btc, first, second = btc_pair()
    just_below_a_step = roomy(49_999.0 + 50_000 * (seed % 17))
    hedging = (case("c", noise(seed) * 0.4, capacity=just_below_a_step), case("d", noise(seed + 50) * 0.4))
    answer = allocate(request(case("a", first), case("b", second), *hedging, btc=btc, on=desk(grid_usd=50_000)))
    assert all(line.limit_usd % 50_000 == 0 for line in answer.limits)
    assert answer.stress.btc_hedge_usd == 0.0
    assert answer.stress.btc_correlation <= 0.8


def test_a_book_beyond_cuts_asks_for_a_hedge():
    btc, first, second = btc_pair()
    answer = allocate(request(case("a", first), case("b", second), btc=btc))
    assert answer.stress.btc_correlation > 0.8
    hedged = first * answer.limit("a").limit_usd + second * answer.limit("b").limit_usd - btc * answer.stress.btc_hedge_usd
    assert np.corrcoef(hedged, btc)[0, 1] == pytest.approx(0.8, abs=0.03)  # stressed betas and volatility against the sample's
    assert "sell BTC worth" in answer.stress.alarms[0]


def test_beta_dollars_are_bound_for_both_signs():
    one_way = np.full(DAYS, 0.5)
    answer = allocate(
        request(
            case("a", noise(1), net_exposure=one_way),
            case("b", noise(2), net_exposure=-one_way),
            on=desk(btc_beta_limit_share=0.05),
        )
    )
    # 5 % of 10 M over 0.5 of capital at a stressed beta of 1.5, for each direction on its own.
    assert limits(answer) == {"a": 666_000, "b": 666_000}
    assert answer.limit("a").binding == "BTC-beta dollars, all long"
    assert answer.limit("b").binding == "BTC-beta dollars, all short"
    assert answer.stress.btc_beta_long_usd <= answer.stress.btc_beta_limit_usd


@pytest.mark.parametrize(
    ("changes", "binding"),
    [
        ({"gross_limit_share": 0.1}, "desk gross limit"),
        ({"volatility_target_annual": 0.008, "volatility_limit_annual": 0.008}, None),
    ],
)
def test_desk_limits_cut_what_is_above_learning_capital(changes, binding):
    pods = (case("a", noise(1)), case("b", noise(2)), case("c", noise(3), "T0", Standing.INCUBATING))
    answer = allocate(request(*pods, on=desk(**changes)))
    assert limits(answer)["c"] == FLOOR
    assert answer.stress.gross_usd <= answer.stress.gross_limit_usd
    assert answer.stress.volatility_annual <= answer.stress.volatility_limit_annual
    assert binding is None or answer.limit("a").binding == binding


def test_learning_capital_beyond_a_desk_limit_is_a_typed_failure():
    pods = [case(f"p{i}", noise(i), "T0", Standing.INCUBATING) for i in range(4)]
    answer = allocate(request(*pods, on=desk(gross_limit_share=0.019)))
    assert answer == Infeasible("desk gross limit", "learning capital alone comes to 200,000 USD, 190,000 USD are allowed")


def test_a_funded_pod_of_unknown_risk_is_a_typed_failure():
    answer = allocate(request(case("a", np.zeros(DAYS)), case("b", noise(2))))
    assert isinstance(answer, Infeasible)
    assert answer.constraint == "volatility"


def test_a_failing_optimiser_leaves_a_named_fallback(monkeypatch):
    import riskfolio

    monkeypatch.setattr(riskfolio.Portfolio, "rp_optimization", lambda *_args, **_named: None)
    answer = allocate(request(case("a", noise(1)), case("b", noise(2))))
    assert answer.method.startswith("fallback inverse volatility by cluster (solver: ")
    assert limits(answer) == {"a": CAP, "b": CAP}


def test_nobody_to_fund():
    assert limits(allocate(request())) == {}
    assert limits(allocate(request(case("a", noise(1), "T0", Standing.RETIRED, reason="decay")))) == {"a": 0}


def test_a_name_used_twice_is_refused():
    with pytest.raises(Refused, match="each pod once"):
        allocate(request(case("a", noise(1)), case("a", noise(2))))


def test_loss_and_position_follow_the_limit():
    line = allocate(request(case("a", noise(1), capacity=dataclasses.replace(roomy(500_000.0), position_usd=40_500.0)))).limit(
        "a"
    )
    assert line.max_loss_usd == 100_000  # half of the cap, half of its loss budget
    assert line.max_position_usd == 40_000


def test_the_reported_correlation_is_that_of_the_book():
    book = Book(np.array([0.5]), 0.03, np.array([[0.02**2]]))
    assert correlation(book, np.array([5.0])) == pytest.approx(0.015 / np.hypot(0.015, 0.02))
