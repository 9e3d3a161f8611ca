import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from allocation.capacity import CapacityRules, Liquidity, capacity
from allocation.decide import allocate
from allocation.optimise import Optimised, risk_budget_weights
from allocation.request import Allocation
from domain.record import COMPONENTS
from domain.tiers import Standing
from tests.unit.allocation.builders import case, desk, noise, record, request, roomy

FEW = settings(max_examples=25, deadline=None)
SEEDS = st.integers(0, 10_000)
CAPACITY = st.sampled_from([1e12, 400_000.0, 60_000.0, 20_000.0])
RULES = CapacityRules(
    cost_share_of_alpha=1 / 3, participation_of_adv=0.02, exit_days=1.0, exit_participation=0.1, stressed_volume_share=0.5
)


@st.composite
def books(draw, least=1):
    """Pods with some common factor, tied to BTC more or less, on any tier."""
    btc = noise(draw(SEEDS), volatility=0.03)
    common = noise(draw(SEEDS))
    pods = []
    for index in range(draw(st.integers(least, 6))):
        own, tie, share = noise(draw(SEEDS)), draw(st.floats(-0.2, 0.5)), draw(st.floats(0, 1))
        returns = share * common + (1 - share) * own + tie * btc
        tier, standing = draw(
            st.sampled_from(
                [("T0", Standing.INCUBATING), ("T1", Standing.PROMOTED), ("T2", Standing.HELD), ("T0", Standing.RETIRED)]
            )
        )
        net = np.full(len(returns), draw(st.floats(-1, 1)))
        pods.append(case(f"pod{index}", returns, tier, standing, roomy(draw(CAPACITY)), "decay", net_exposure=net))
    changes = {
        "volatility_target_annual": draw(st.sampled_from([0.1, 0.01])),
        "gross_limit_share": draw(st.sampled_from([2.0, 0.2])),
        "btc_beta_limit_share": draw(st.sampled_from([0.5, 0.2])),
    }
    return request(*pods, on=desk(**changes), btc=btc)


@FEW
@given(books())
def test_every_bound_holds_and_no_number_is_undefined(book):
    answer = allocate(book)
    if not isinstance(answer, Allocation):
        assert answer.constraint
        return
    stress = answer.stress
    for line, pod in zip(answer.limits, sorted(book.pods, key=lambda entry: entry.pod), strict=True):
        cap = book.desk.ladder.tiers[book.desk.ladder.index(line.tier)].cap_usd
        assert line.limit_usd % book.desk.grid_usd == 0
        assert 0 <= line.limit_usd <= (0 if pod.retired else min(cap, max(pod.capacity.usd, 0)))
        assert line.binding
        assert all(not math.isnan(bound.usd) for bound in line.bounds)
        assert line.max_position_usd <= line.limit_usd
    assert stress.gross_usd <= stress.gross_limit_usd
    assert stress.volatility_annual <= stress.volatility_limit_annual * (1 + 1e-6)
    assert max(stress.btc_beta_long_usd, stress.btc_beta_short_usd) <= stress.btc_beta_limit_usd
    if stress.btc_correlation is not None and stress.btc_hedge_usd == 0:
        assert stress.btc_correlation <= stress.btc_correlation_cap + 1e-9


@FEW
@given(books(), st.randoms(use_true_random=False))
def test_the_order_of_the_pods_does_not_matter(book, random):
    shuffled = list(book.pods)
    random.shuffle(shuffled)
    assert allocate(request(*shuffled, on=book.desk, btc=book.btc_return)) == allocate(book)


@FEW
@given(SEEDS, SEEDS, st.floats(0.01, 0.5), st.sampled_from([0.1, 0.005]), CAPACITY, st.sampled_from(["T0", "T1"]))
def test_a_clone_never_raises_the_pairs_combined_cap(seed, other, noise_share, target, capacity_usd, tier):
    original, on = noise(seed), desk(volatility_target_annual=target)
    clone = original + noise_share * (noise(seed + 20_000) - 0.001)
    rest = (case("x", noise(other + 40_000)), case("y", noise(other + 60_000)))
    room = roomy(capacity_usd)
    alone = allocate(request(case("a", original, capacity=room), *rest, on=on))
    standing = Standing.PROMOTED if tier == "T1" else Standing.INCUBATING
    pair = allocate(request(case("a", original, capacity=room), case("b", clone, tier, standing, room), *rest, on=on))
    together = pair.limit("a").limit_usd + pair.limit("b").limit_usd
    # Two floors are what two live pods keep even where one of them alone would have had less than two.
    assert together <= max(1.05 * alone.limit("a").limit_usd + on.grid_usd, 2 * on.floor_usd)


@FEW
@given(SEEDS, st.floats(1e5, 1e9), st.floats(1.0, 10.0), st.floats(0.5, 2.0), st.floats(0.001, 0.2))
def test_capacity_rises_with_volume_and_falls_with_impact(seed, adv, factor, coefficient, volatility):
    component = {name: np.zeros(50) for name in COMPONENTS}
    component["price"] = np.abs(noise(seed, 50))
    pod = record("a", component["price"], component=component)
    thin, thick = (Liquidity(np.array([adv * scale]), np.array([volatility])) for scale in (1.0, factor))
    low, high = capacity(pod, thin, RULES, coefficient), capacity(pod, thick, RULES, coefficient)
    assert high.usd == pytest.approx(low.usd * factor)
    assert capacity(pod, thin, RULES, coefficient * 2).usd <= low.usd
    small, large = (allocate(request(case("a", noise(seed), capacity=room))) for room in (low, high))
    assert small.limit("a").limit_usd <= large.limit("a").limit_usd


@FEW
@given(SEEDS, st.integers(2, 8))
def test_risk_budgets_are_met_for_any_covariance(seed, count):
    rng = np.random.default_rng(seed)
    loadings = rng.normal(size=(count, count))
    matrix = loadings @ loadings.T + 0.05 * np.eye(count)
    budgets = rng.uniform(0.1, 1.0, count)
    answer = risk_budget_weights(matrix, budgets)
    assert isinstance(answer, Optimised)
    shares = answer.weights * (matrix @ answer.weights) / (answer.weights @ matrix @ answer.weights)
    np.testing.assert_allclose(shares, budgets / budgets.sum(), atol=1e-9)
