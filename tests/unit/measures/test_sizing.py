import numpy as np
import pytest

from domain.errors import Refused
from measures.sizing import combine_forecasts, diversification_multiplier, position_chain, target_units, trade_to_edge

CHAIN = {"capital": 1_600.0, "volatility_target_annual": 0.16, "price": 50.0, "contract_size": 2.0, "daily_volatility_pct": 1.0}


def test_a_position_at_average_forecast_has_the_target_volatility() -> None:
    chain = position_chain(**CHAIN, fx=0.5, forecast=10.0)
    # 1,600 x 16 % = 256 a year, 16 a day; a contract moves by 50 x 2 x 1 % = 1 = 0.5 of ours
    assert chain.daily_cash_volatility == pytest.approx(16.0)
    assert chain.position == chain.volatility_scalar == pytest.approx(32.0)
    assert position_chain(**CHAIN, fx=0.5, forecast=-20.0).position == pytest.approx(-64.0)


def test_target_units_carry_the_stated_annual_risk() -> None:
    units = target_units(
        capital=1e6, volatility_target_annual=0.2, multiplier=1.5, weight=0.1, forecast=10.0, price=100.0, volatility_annual=0.5
    )
    assert units * 100.0 * 0.5 == pytest.approx(1e6 * 0.2 * 1.5 * 0.1)


@pytest.mark.parametrize("price", [0.0, -1.0, float("nan")])
def test_no_price_no_position(price: float) -> None:
    with pytest.raises(Refused, match="price"):
        position_chain(**(CHAIN | {"price": price}), fx=1.0, forecast=10.0)


def test_negative_correlation_earns_no_more_than_none() -> None:
    weights = np.array([0.5, 0.5])
    hedged = np.array([[1.0, -0.9], [-0.9, 1.0]])
    assert diversification_multiplier(hedged, weights) == pytest.approx(2**0.5)
    assert diversification_multiplier(np.eye(20), np.full(20, 0.05)) == 2.5
    assert diversification_multiplier(np.ones((3, 3)), np.full(3, 1 / 3)) == pytest.approx(1.0)


def test_combined_forecast_is_capped_on_both_sides() -> None:
    weights = np.array([0.5, 0.5])
    assert combine_forecasts(np.array([10.0, -4.0]), weights, 1.2) == pytest.approx(3.6)
    assert combine_forecasts(np.array([20.0, 20.0]), weights, 1.2) == 20.0
    assert combine_forecasts(np.array([-20.0, -20.0]), weights, 1.2) == -20.0


@pytest.mark.parametrize(("current", "expected"), [(5.0, 9.0), (9.5, 9.5), (10.9, 10.9), (14.0, 11.0), (-3.0, 9.0)])
def test_trades_go_to_the_nearest_edge_only(current: float, expected: float) -> None:
    assert trade_to_edge(current, target=10.0, buffer_units=1.0) == expected
