"""Lots, leverage, margin and liquidation of the kernel, each against a small spreadsheet worked out by hand."""

import numpy as np
import pytest

from backtest.kernel import simulate
from backtest.kernel_data import (
    BAR,
    CLOSE_EQUITY,
    CLOSE_MAINTENANCE,
    EQUITY,
    FILLED,
    GROSS,
    LIQUIDATION,
    MAINTENANCE,
    PRICE,
    QUANTITY,
    SPREAD,
    Bars,
    Rules,
    Wanted,
    no_rules,
)
from tests.unit.backtest.markets import bars, column, terms, wanted

NAN = float("nan")
FREE = np.array([0.0])


def rules(length: int, **changes: object) -> Rules:
    """One symbol; single numbers become columns."""
    arrays = {name: np.array([value]) if isinstance(value, float) and name not in ("leverage_max", "liquidation_fee") else value
              for name, value in changes.items()}  # fmt: skip
    return no_rules(1, length)._replace(**arrays)  # type: ignore[arg-type]


def margin(market: Bars, *, rate: float = 0.1, low: list[float], high: list[float], **changes: object) -> Rules:
    """One bracket that allows ten times the equity."""
    return rules(len(low), **changes)._replace(
        floor_usd=np.array([[0.0]]),
        rate_step=np.array([[rate]]),
        bracket_leverage=np.array([[10.0]]),
        mark_low=column(low),
        mark_high=column(high),
    )


def once(weight: float, length: int) -> Wanted:
    return wanted([weight] * length, decides=[True] + [False] * (length - 1))


def test_an_order_is_whole_lots_and_never_more_than_was_asked() -> None:
    """500 USD at 30 are 16.67 units, lots of 0.5: 16.5; the missing 0.17 are no lot and are not ordered again."""
    out = simulate(bars([30] * 4, [30] * 4), wanted([0.5] * 4), FREE, terms(), rules(4, quantity_step=0.5))
    assert out.units[:, 0].tolist() == [0.0, 16.5, 16.5, 16.5]
    assert len(out.order_place) == 1


def test_a_share_of_the_volume_is_whole_lots_too() -> None:
    """Lots of 0.3, a tenth of a volume of 10 is 1.0: three lots a bar; 2.4 units wanted (240 / 100): 0.9, 0.9, 0.6."""
    market = bars([100] * 5, [100] * 5, volume=10)
    out = simulate(market, wanted([0.24] * 5), FREE, terms(participation_max=0.1), rules(5, quantity_step=0.3))
    assert out.units[:, 0] == pytest.approx([0, 0.9, 1.8, 2.4, 2.4])
    assert out.order_value[:, QUANTITY] == pytest.approx([2.4, 1.5, 0.6])
    assert out.order_value[:, FILLED] == pytest.approx([0.9, 0.9, 0.6])


def test_selling_what_was_bought_in_parts_leaves_exactly_nothing() -> None:
    market = bars([100] * 8, [100] * 8, volume=1)
    out = simulate(
        market, wanted([0.03, 0.03, 0.03, 0, 0, 0, 0, 0]), FREE, terms(participation_max=0.1), rules(8, quantity_step=0.1)
    )
    assert out.units[3, 0] == pytest.approx(0.3)
    assert out.units[-1, 0] == 0.0


@pytest.mark.parametrize(("changes", "orders"), [
    ({"quantity_min": 5.0}, 1), ({"quantity_min": 5.1}, 0), ({"notional_min_usd": 500.0}, 1), ({"notional_min_usd": 500.1}, 0),
])  # fmt: skip
def test_the_venue_s_minimum_is_the_least_that_is_sent(changes: dict[str, float], orders: int) -> None:
    """500 USD at 100 are 5 units."""
    out = simulate(bars([100] * 3, [100] * 3), once(0.5, 3), FREE, terms(), rules(3, **changes))
    assert len(out.order_place) == orders


def test_the_spread_is_at_least_a_tick() -> None:
    """A tick of 1 at 50 is half a unit a side: 10 units x 0.5 = 5 USD, although the stated half-spread is 1 bp."""
    out = simulate(bars([50, 50], [50, 50]), wanted([0.5, 0.5]), np.array([1e-4]), terms(), rules(2, price_tick=1.0))
    assert out.component[1, SPREAD] == pytest.approx(-5.0)


def test_leverage_is_cut_back_to_what_the_equity_allows() -> None:
    """
    bar  close  units  equity                     3 x equity   gross before   after
    0    100    0      1000                       3000         4000 wanted    3000 -> 30 units
    1    90     30     1000 + 30 x (90-100) = 700 2100         2700           2100 -> 23.333 units, sold at bar 2's open
    2    90     23.33  700                        2100         2100           nothing
    """
    market = bars([100, 100, 90, 90], [100, 90, 90, 90])
    out = simulate(market, once(4.0, 4), FREE, terms(), rules(4, leverage_max=3.0))
    assert out.units[:, 0] == pytest.approx([0, 30, 70 / 3, 70 / 3])
    assert out.equity == pytest.approx([1000, 700, 700, 700])


def test_all_positions_are_cut_alike_and_one_that_cannot_trade_is_counted_first() -> None:
    """
    Two symbols at 100; 2 x equity = 2000. Bar 0 wants 2000 and 1000: k = 2/3. Bar 1: the first is halted at 13.33 units
    (1333 USD); 2000 - 1333 = 667 is left for the other's 1000 (wanted anew): 6.67 units, which it already has.
    """
    prices = np.array([[100.0, 100.0], [100.0, 100.0], [NAN, 100.0], [NAN, 100.0]])
    market = Bars(prices, prices, np.full((4, 2), 1e9), np.zeros((4, 2)), np.zeros((4, 2)))
    want = Wanted(np.tile([2.0, 1.0], (4, 1)), np.zeros((4, 2)), np.ones(4, dtype=np.bool_))
    out = simulate(market, want, np.zeros(2), terms(), no_rules(2, 4)._replace(leverage_max=2.0))
    assert out.units[-1] == pytest.approx([40 / 3, 20 / 3])


def test_the_bracket_that_a_position_reaches_bounds_it() -> None:
    """From 0 ten times the equity, from 2000 USD on four times: 5000 wanted need 5000 / 4 = 1250 of 1000: 4000."""
    two = rules(3)._replace(
        floor_usd=np.array([[0.0], [2000.0]]), rate_step=np.array([[0.01], [0.01]]), bracket_leverage=np.array([[10.0], [4.0]]),
        mark_low=column([100] * 3), mark_high=column([100] * 3),
    )  # fmt: skip
    out = simulate(bars([100] * 3, [100] * 3), once(5.0, 3), FREE, terms(), two)
    assert out.units[-1, 0] == pytest.approx(40.0)


def test_a_long_is_liquidated_where_the_bar_s_low_breaches_maintenance() -> None:
    """
    1000 USD, 40 units at 100. Isolated long at leverage 4, m = 0.1: P_liq = 100 (1 - 1/4) / (1 - 0.1) = 83.33.
    bar 2: low 83.0. Equity at the low 1000 + 40 x (83 - 100) = 320; maintenance 0.1 x 40 x 83 = 332: liquidated.
    Charged: price 40 x (83 - 95) = -480 from the open of 95 on (after 40 x (95 - 100) = -200), fee 1 % x 3320 = 33.20.
    Cash: 1000 - 4000 + 3320 - 33.20 = 286.80. By the close of 99 it would have lived: 1000 - 40 = 960 > 396.
    """
    market = bars([100, 100, 95, 99], [100, 100, 99, 99])
    out = simulate(
        market, once(4.0, 4), FREE, terms(), margin(market, low=[100, 100, 83, 99], high=[100, 100, 99, 99], liquidation_fee=0.01)
    )
    assert out.units[:, 0] == pytest.approx([0, 40, 0, 0])
    assert out.component[:, PRICE] == pytest.approx([0, 0, -680, 0])
    assert out.component[:, LIQUIDATION] == pytest.approx([0, 0, -33.2, 0])
    assert out.cash == pytest.approx([1000, -3000, 286.8, 286.8])
    assert out.liquidation[0, [BAR, EQUITY, MAINTENANCE, GROSS]] == pytest.approx([2, 320, 332, 3320])
    assert out.liquidation[0, [CLOSE_EQUITY, CLOSE_MAINTENANCE]] == pytest.approx([960, 396])
    assert out.traded_usd[2, 0] == pytest.approx(3320)
    assert len(out.order_place) == 1  # a liquidation is nobody's order


@pytest.mark.parametrize(("low", "lives"), [(83.4, True), (83.3, False)])
def test_the_price_of_liquidation_of_a_long_is_the_formula_s(low: float, lives: bool) -> None:
    """P_liq = 83.33, see above."""
    market = bars([100, 100, 100], [100, 100, 100])
    out = simulate(market, once(4.0, 3), FREE, terms(), margin(market, low=[100, 100, low], high=[100] * 3))
    assert bool(out.units[2, 0] == 40.0) is lives


@pytest.mark.parametrize(("high", "lives"), [(113.6, True), (113.7, False)])
def test_the_price_of_liquidation_of_a_short_is_the_formula_s(high: float, lives: bool) -> None:
    """P_liq = 100 (1 + 1/4) / (1 + 0.1) = 113.636."""
    market = bars([100, 100, 100], [100, 100, 100])
    out = simulate(market, once(-4.0, 3), FREE, terms(), margin(market, low=[100] * 3, high=[100, 100, high]))
    assert bool(out.units[2, 0] == -40.0) is lives


def test_maintenance_rises_with_each_bracket_on_its_own_part() -> None:
    """1 % to 2000 USD, 5 % above: 4000 USD need 20 + 100 = 120. At 78 they are 3120: 20 + 56 = 76; equity 120. At 76: 66, 40."""
    steps = rules(3)._replace(
        floor_usd=np.array([[0.0], [2000.0]]), rate_step=np.array([[0.01], [0.04]]), bracket_leverage=np.full((2, 1), 10.0),
        mark_high=column([100] * 3),
    )  # fmt: skip
    market = bars([100] * 3, [100] * 3)
    lived = simulate(market, once(4.0, 3), FREE, terms(), steps._replace(mark_low=column([100, 100, 78])))
    ended = simulate(market, once(4.0, 3), FREE, terms(), steps._replace(mark_low=column([100, 100, 76])))
    assert (lived.units[2, 0], ended.units[2, 0]) == (40.0, 0.0)
    assert ended.liquidation[0, [EQUITY, MAINTENANCE]] == pytest.approx([40, 20 + 0.05 * 1040])


def test_a_liquidated_account_stands_still_until_it_is_settled() -> None:
    """Liquidated in bar 2; bars 3 and 4 want a position in vain; settled at the open of bar 5, which decides: filled in bar 6."""
    market = bars([100] * 8, [100] * 8)
    settles = np.array([False] * 5 + [True] + [False] * 2)
    law = margin(market, low=[100, 100, 80, 100, 100, 100, 100, 100], high=[100] * 8, settles=settles)
    out = simulate(market, wanted([4.0] * 8), FREE, terms(), law)
    assert out.units[:, 0] == pytest.approx([0, 40, 0, 0, 0, 0, 40, 40])
    assert out.equity == pytest.approx([1000, 1000, 200, 200, 200, 1000, 1000, 1000])


def test_orders_under_way_die_with_the_account() -> None:
    """A bar of delay: 40 units decided in bar 0 fill in bar 2; 5 more of bar 2 are due in bar 4; liquidated in bar 3."""
    market = bars([100] * 6, [100] * 6)
    law = margin(market, low=[100, 100, 100, 80, 100, 100], high=[100] * 6)
    want = wanted([4.0, 4.0, 4.5, 4.5, 4.5, 4.5], decides=[True, False, True, False, False, False])
    out = simulate(market, want, FREE, terms(delay_bars=1), law)
    assert out.units[:, 0] == pytest.approx([0, 0, 40, 0, 0, 0])


def test_a_halted_position_is_neither_filled_nor_liquidated_at_a_price_that_was_not_there() -> None:
    """
    Two symbols at 100, 20 units each of 1000 USD. Bar 2: the first has no bar, the second falls to 60.
    Equity 1000 - 800 = 200, maintenance 0.1 x (2000 + 1200) = 320: liquidated, but only the second can be sold.
    """
    prices = np.array([[100.0, 100.0], [100.0, 100.0], [NAN, 60.0], [100.0, 60.0], [100.0, 60.0]])
    market = Bars(prices, prices, np.full((5, 2), 1e9), np.zeros((5, 2)), np.zeros((5, 2)))
    want = Wanted(np.full((5, 2), 2.0), np.zeros((5, 2)), np.array([True, False, False, False, False]))
    law = no_rules(2, 5)._replace(
        floor_usd=np.zeros((1, 2)), rate_step=np.full((1, 2), 0.1), bracket_leverage=np.full((1, 2), 10.0), mark_low=prices,
        mark_high=prices,
    )  # fmt: skip
    out = simulate(market, want, np.zeros(2), terms(), law)
    assert out.units[:, 0] == pytest.approx([0, 20, 20, 20, 0])  # sold in the bar after the first one that there is
    assert out.units[:, 1] == pytest.approx([0, 20, 0, 0, 0])


def test_without_margin_nothing_is_liquidated() -> None:
    market = bars([100, 100, 10], [100, 100, 10])
    out = simulate(market, once(4.0, 3), FREE, terms(), rules(3, leverage_max=10.0))
    assert out.units[2, 0] == 40.0
    assert not len(out.liquidation)
