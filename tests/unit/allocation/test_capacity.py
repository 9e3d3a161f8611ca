import numpy as np
import pytest

from allocation.capacity import CapacityRules, Liquidity, adv_share, capacity, cost_annual, exit_days
from domain.record import COMPONENTS
from tests.unit.allocation.builders import record

RULES = CapacityRules(
    cost_share_of_alpha=1 / 3, participation_of_adv=0.02, exit_days=1.0, exit_participation=0.1, stressed_volume_share=0.5
)
HUGE = 1e18


def traded(gross=0.001, fees=-0.0001, held=(500_000.0, 200_000.0), flow=(100_000.0, 300_000.0)):
    component = {name: np.zeros(100) for name in COMPONENTS}
    component["price"] = np.full(100, gross)
    component["fees"] = np.full(100, fees)
    net = component["price"] + component["fees"]
    return record(
        "pod",
        net,
        component=component,
        symbols=("AAA", "BBB"),
        position_mean_abs_usd=np.array(held),
        position_last_usd=np.array(held),
        traded_usd=np.array(flow),
    )


def market(first, second, volatility=0.03):
    return Liquidity(np.array([first, second]), np.full(2, volatility))


def test_participation_binds_where_one_symbol_is_thin():
    # 0.3 of capital a day in BBB against 2 % of 15 M: 1 M. Its exit: 5 % of 15 M over 0.2 of capital: 3.75 M.
    found = capacity(traded(), market(HUGE, 15e6, volatility=1e-9), RULES, 1.0)
    assert found.usd == pytest.approx(1e6)
    assert found.binding == "participation in BBB"


def test_exit_binds_where_positions_are_large_and_trading_is_rare():
    found = capacity(traded(flow=(1_000.0, 1_000.0)), market(10e6, HUGE, volatility=1e-9), RULES, 1.0)
    assert found.binding == "exit time in AAA"
    assert found.usd == pytest.approx(1.0 * 0.1 * 0.5 * 10e6 / 0.5)


def test_cost_budget_is_where_costs_are_a_third_of_the_gross_return():
    pod, liquidity = traded(), market(5e9, 4e9)
    found = capacity(pod, liquidity, changed(RULES, participation_of_adv=1e9, exit_days=1e9), 2.0)
    assert found.binding == "cost budget"
    # Independent of the code's formula: the day's cost in each symbol at this size by the law itself, plus fees.
    cost = 0.0001
    for share, adv in ((0.1, 5e9), (0.3, 4e9)):
        cost += share * (2 / 3) * 2.0 * 0.03 * np.sqrt(share * found.usd / adv)
    assert cost == pytest.approx(0.001 / 3)
    assert cost_annual(pod, liquidity, 2.0, found.usd) == pytest.approx(365 * 0.001 / 3)


def changed(rules, **changes):
    return CapacityRules.model_validate(rules.model_dump() | changes)


@pytest.mark.parametrize("volatility", [1e-9, 0.03, 0.5])
def test_halving_volume_halves_the_cap(volatility):
    whole = capacity(traded(), market(10e6, 80e6, volatility), RULES, 1.0)
    half = capacity(traded(), market(5e6, 40e6, volatility), RULES, 1.0)
    assert half.usd == pytest.approx(whole.usd / 2)
    assert half.position_usd == pytest.approx(whole.position_usd / 2)


def test_a_larger_impact_coefficient_lowers_the_cost_budget_by_its_square():
    free = changed(RULES, participation_of_adv=1e9, exit_days=1e9)
    one, two = (capacity(traded(), market(5e9, 4e9), free, y).usd for y in (1.0, 2.0))
    assert two == pytest.approx(one / 4)


def test_fees_beyond_the_budget_leave_nothing_but_learning_capital_can_still_trade():
    found = capacity(traded(fees=-0.002), market(5e9, 4e9), RULES, 1.0)
    assert found.usd == 0.0
    assert found.binding == "cost budget: fees and spread alone exceed it"
    assert found.tradable_usd > 0


@pytest.mark.parametrize("missing", [np.nan, 0.0])
def test_a_traded_symbol_of_unknown_volume_makes_the_capacity_unknown(missing):
    found = capacity(traded(), market(5e9, missing), RULES, 1.0)
    assert found.usd is None
    assert found.note == "no known volume or volatility of BBB"
    assert found.figure().value is None


def test_an_unknown_symbol_that_is_never_traded_does_not_matter():
    found = capacity(traded(held=(500_000.0, 0.0), flow=(100_000.0, 0.0)), market(5e9, np.nan), RULES, 1.0)
    assert found.usd is not None


def test_what_the_gate_report_prints_of_liquidity():
    pod = traded()
    assert adv_share(pod, market(10e6, 20e6), 2e6) == pytest.approx(max(0.2 / 10, 0.6 / 20))
    assert exit_days(pod, market(10e6, 20e6), RULES, 2e6) == pytest.approx((1.0 / 10) / 0.05)
