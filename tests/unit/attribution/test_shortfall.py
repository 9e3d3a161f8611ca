import pytest

from attribution.shortfall import (
    Fill,
    Order,
    execution_vs_decision,
    in_bps,
    kissell_parts,
    perold_opportunity,
    shortfall,
    trade_parts,
    wagner_parts,
)
from domain.errors import Refused

# Sell 100 decided at 50, released at 49; 60 filled at 48.5; the rest ends at 48; fees 3.
SELL = Order(-1, 100.0, 50.0, (Fill(40.0, 48.4), Fill(20.0, 48.7)), fees=3.0, arrival_price=49.0, end_price=48.0)


def test_sell_by_hand() -> None:
    assert SELL.average_fill == pytest.approx(48.5)
    assert execution_vs_decision(SELL) == pytest.approx(60 * 1.5)
    assert perold_opportunity(SELL) == pytest.approx(40 * 2.0)
    assert shortfall(SELL) == pytest.approx(90 + 80 + 3)
    assert in_bps(shortfall(SELL), SELL) == pytest.approx(173 / 5000 * 1e4)


def test_splits_differ_in_parts_and_agree_in_total() -> None:
    wagner, kissell = wagner_parts(SELL), kissell_parts(SELL)
    assert (wagner.delay, wagner.trade, wagner.opportunity, wagner.fee) == pytest.approx((100, 30, 40, 3))
    assert (kissell.delay, kissell.trade, kissell.opportunity, kissell.fee) == pytest.approx((60, 30, 80, 3))
    assert wagner.total == pytest.approx(kissell.total)
    assert wagner.total == pytest.approx(shortfall(SELL))


def test_a_passive_fill_earns_half_the_spread() -> None:
    fill = Fill(10.0, 99.9, mid=100.0, spread=-0.2, trend_price=100.3)
    order = Order(1, 10.0, 100.0, (fill,), fees=-0.1, arrival_price=99.5)
    parts = trade_parts(order)
    assert parts.spread == pytest.approx(-1.0)
    assert parts.impact == pytest.approx(0.0)
    assert parts.price_trend == pytest.approx(10 * 0.8)
    assert parts.timing_risk == pytest.approx(-10 * 0.3)
    assert parts.spread + parts.impact + parts.price_trend + parts.timing_risk == pytest.approx(wagner_parts(order).trade)


def test_an_order_that_never_filled_costs_what_the_market_ran_away() -> None:
    order = Order(1, 10.0, 100.0, (), fees=0.0, arrival_price=101.0, end_price=104.0)
    parts = wagner_parts(order)
    assert order.average_fill is None
    assert (parts.delay, parts.trade, parts.opportunity) == pytest.approx((10, 0, 30))


def test_what_is_missing_is_never_free() -> None:
    with pytest.raises(Refused, match="end price"):
        shortfall(Order(1, 10.0, 100.0, (Fill(5.0, 100.0),), fees=0.0))
    with pytest.raises(Refused, match="arrival"):
        wagner_parts(Order(1, 10.0, 100.0, (Fill(10.0, 100.0),), fees=0.0))
    with pytest.raises(Refused, match="mid"):
        trade_parts(SELL)
    assert shortfall(Order(1, 10.0, 100.0, (Fill(10.0, 101.0),), fees=0.0)) == pytest.approx(10.0)


@pytest.mark.parametrize(("side", "quantity", "price"), [(0, 1.0, 1.0), (1, 0.0, 1.0), (1, 1.0, -1.0)])
def test_impossible_orders_are_refused(side: int, quantity: float, price: float) -> None:
    with pytest.raises(Refused, match="side"):
        Order(side, quantity, price, (), fees=0.0)


def test_a_fill_counted_twice_is_refused() -> None:
    with pytest.raises(Refused, match="twice"):
        Order(1, 10.0, 100.0, (Fill(10.0, 100.0), Fill(10.0, 100.0)), fees=0.0)
