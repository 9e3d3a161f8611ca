"""Every charge and every rule of the kernel, on bars short enough to work out by hand."""

import numpy as np
import pytest

from backtest.kernel import simulate
from backtest.kernel_data import (
    ARRIVAL,
    BORROW,
    DECIDED_BAR,
    DECISION,
    END,
    ENDED_BAR,
    FEE,
    FEES,
    FILL,
    FILLED,
    FUNDING,
    IMPACT,
    IMPACT_USD,
    MAKER,
    PRICE,
    QUANTITY,
    SIDE,
    SPREAD,
    SPREAD_USD,
    Bars,
    Wanted,
)
from tests.unit.backtest.markets import bars, terms, wanted

NAN = float("nan")
FREE = np.array([0.0])
ONCE = [True, False, False, False, False, False, False, False]


def test_taker_pays_half_the_spread_and_the_fee_on_the_fill_price() -> None:
    out = simulate(
        bars([100, 102, 104], [100, 103, 105]), wanted([0.5] * 3, decides=ONCE[:3]), np.array([0.002]), terms(taker_fee=0.001)
    )
    assert out.units[:, 0] == pytest.approx([0, 5, 5])  # 0.5 x 1000 / 100, filled at the next open
    assert out.component[:, PRICE] == pytest.approx([0, 5, 10])
    assert out.component[:, SPREAD] == pytest.approx([0, -1.02, 0])  # 5 x 102 x 0.002
    assert out.component[:, FEES] == pytest.approx([0, -0.51102, 0])  # 0.001 x 5 x 102.204
    assert out.cash == pytest.approx([1000, 488.46898, 488.46898])
    assert out.traded_usd[:, 0] == pytest.approx([0, 510, 0])


def test_order_row_holds_decision_arrival_fill_and_end() -> None:
    out = simulate(
        bars([100, 102, 104], [100, 103, 105]), wanted([-0.5] * 3, decides=ONCE[:3]), np.array([0.002]), terms(taker_fee=0.001)
    )
    place, value = out.order_place, out.order_value
    assert place[:, [DECIDED_BAR, ENDED_BAR, SIDE]].tolist() == [[0, 1, -1]]
    assert value[0, [QUANTITY, FILLED, DECISION, ARRIVAL, FILL, END]] == pytest.approx([5, 5, 100, 102, 101.796, 103])
    assert value[0, [FEE, SPREAD_USD, MAKER]] == pytest.approx([0.50898, 1.02, 0])


def test_impact_is_the_square_root_of_the_order_in_dollars() -> None:
    out = simulate(bars([100, 100], [100, 100], impact=0.0005), wanted([0.4, 0.4]), FREE, terms())
    assert out.component[1, IMPACT] == pytest.approx(-4.0)  # 400 USD x 0.0005 x sqrt(400)
    assert out.order_value[0, FILL] == pytest.approx(101.0)


def test_maker_part_earns_the_spread_and_pays_its_share_of_the_impact() -> None:
    changes = {"taker_share": 0.25, "cost_multiplier": 2.0, "maker_impact": 0.5, "maker_fee": 0.0001, "taker_fee": 0.0005}
    out = simulate(bars([100, 100], [100, 100], impact=0.0005), wanted([0.4, 0.4]), np.array([0.01]), terms(**changes))
    row = out.order_value[0]
    assert row[SPREAD_USD] == pytest.approx(-1.0)  # 4 USD x (0.25 x 2 - 0.75)
    assert row[IMPACT_USD] == pytest.approx(5.0)  # 400 x 0.02 x (0.25 + 0.75 x 0.5)
    assert row[FILL] == pytest.approx(101.0)
    assert row[FEE] == pytest.approx(0.0808)  # 404 x (0.25 x 5 bp + 0.75 x 1 bp)
    assert row[MAKER] == pytest.approx(3.0)


def test_funding_is_charged_on_the_position_carried_in_at_the_open() -> None:
    market = bars([100, 100, 110, 120], [100, 100, 110, 120], funding=0.01)
    long = simulate(market, wanted([1.0] * 4, decides=ONCE[:4]), FREE, terms())
    short = simulate(market, wanted([-1.0] * 4, decides=ONCE[:4]), FREE, terms())
    assert long.component[:, FUNDING] == pytest.approx([0, 0, -11, -12])
    assert short.component[:, FUNDING] == pytest.approx([0, 0, 11, 12])


def test_only_a_short_pays_borrow() -> None:
    market = bars([100, 100, 110], [100, 100, 110])
    short = simulate(market, wanted([-1.0] * 3, decides=ONCE[:3]), FREE, terms(borrow_per_bar=0.001))
    long = simulate(market, wanted([1.0] * 3, decides=ONCE[:3]), FREE, terms(borrow_per_bar=0.001))
    assert short.component[:, BORROW] == pytest.approx([0, 0, -1.1])
    assert not long.component[:, BORROW].any()


def test_an_order_takes_its_share_of_the_volume_and_the_rest_is_ordered_again() -> None:
    out = simulate(bars([100] * 5, [100] * 5, volume=40), wanted([1.0] * 5, decides=ONCE[:5]), FREE, terms(participation_max=0.1))
    assert out.units[:, 0] == pytest.approx([0, 4, 8, 10, 10])
    assert out.order_value[:, QUANTITY] == pytest.approx([10, 6, 2])
    assert out.order_value[:, FILLED] == pytest.approx([4, 4, 2])


def test_delay_releases_later_and_does_not_order_twice() -> None:
    out = simulate(bars([100, 101, 102, 103, 104], [100] * 5), wanted([1.0] * 5, decides=ONCE[:5]), FREE, terms(delay_bars=2))
    assert out.units[:, 0] == pytest.approx([0, 0, 0, 10, 10])
    assert out.order_value[:, [DECISION, ARRIVAL]].tolist() == [[100, 103]]
    assert out.order_place[0, [DECIDED_BAR, ENDED_BAR]].tolist() == [0, 3]


def test_nothing_fills_in_a_bar_that_is_not_there() -> None:
    out = simulate(bars([100, NAN, 101, 102], [100, NAN, 101, 103]), wanted([1.0] * 4, decides=ONCE[:4]), FREE, terms())
    assert out.units[:, 0] == pytest.approx([0, 0, 0, 10])
    assert out.order_value[:, FILLED] == pytest.approx([0, 10])
    assert out.order_value[0, [ARRIVAL, FILL, END]] == pytest.approx([100, 100, 100])  # the last price there was
    assert out.component[:, PRICE] == pytest.approx([0, 0, 0, 10])


def test_nothing_fills_in_a_bar_without_volume() -> None:
    out = simulate(bars([100] * 4, [100] * 4, volume=[1e9, 0, NAN, 1e9]), wanted([1.0] * 4, decides=ONCE[:4]), FREE, terms())
    assert out.units[:, 0] == pytest.approx([0, 0, 0, 10])


def test_a_gap_is_marked_at_the_last_price_and_its_move_comes_with_the_next_open() -> None:
    market = bars([100, 100, NAN, NAN, 120], [100, 105, NAN, NAN, 125])
    out = simulate(market, wanted([1.0] * 5, decides=ONCE[:5]), FREE, terms())
    assert out.mark[:, 0] == pytest.approx([100, 105, 105, 105, 125])
    assert out.component[:, PRICE] == pytest.approx([0, 50, 0, 0, 200])


def test_a_symbol_that_is_gone_is_closed_at_its_last_price_as_a_taker() -> None:
    market = bars([100, 100, NAN, NAN, NAN, NAN], [100, 110, NAN, NAN, NAN, NAN])
    out = simulate(market, wanted([1.0] * 6, decides=ONCE[:6]), np.array([0.01]), terms(taker_share=0.0, taker_fee=0.001))
    assert out.units[:, 0] == pytest.approx([0, 10, 10, 10, 0, 0])  # three bars of silence
    assert out.order_value[1, [DECISION, ARRIVAL, END]] == pytest.approx([110, 110, 110])
    assert out.order_value[1, FILL] == pytest.approx(108.9)
    assert out.component[4, SPREAD] == pytest.approx(-11.0)
    assert out.component[4, FEES] == pytest.approx(-1.089)


def test_a_symbol_that_comes_back_is_not_bought_before_a_new_decision() -> None:
    market = bars([100, 100, NAN, NAN, NAN, 100, 100, 100], [100, 110, NAN, NAN, NAN, 100, 100, 100])
    out = simulate(market, wanted([1.0] * 8, decides=[True, *[False] * 5, True, False]), FREE, terms())
    assert out.units[:, 0] == pytest.approx([0, 10, 10, 10, 0, 0, 0, 10])


@pytest.mark.parametrize(("current", "after"), [(2.0, 2.0454545), (2.2, 2.2), (2.5, 2.5)])
def test_trades_to_the_nearest_edge_of_the_buffer(current: float, after: float) -> None:
    """Case S07-05 of the methods: target 2.2727273, buffer 0.22727273 units."""
    share = 60_000 / 1_000_000
    weight = np.array([[current * share], [2.2727272727 * share], [NAN]])
    buffer = np.array([[0.0], [0.22727272727 * share], [0.0]])
    out = simulate(
        bars([60_000] * 3, [60_000] * 3), Wanted(weight, buffer, np.ones(3, dtype=np.bool_)), FREE, terms(capital_usd=1e6)
    )
    assert out.units[2, 0] == pytest.approx(after, abs=1e-7)


def test_a_weight_of_nan_keeps_what_was_wanted() -> None:
    out = simulate(bars([100] * 4, [100] * 4), wanted([1.0, NAN, NAN, NAN]), FREE, terms())
    assert out.units[:, 0] == pytest.approx([0, 10, 10, 10])


def test_units_stand_between_decisions_while_the_price_moves() -> None:
    out = simulate(bars([100, 200, 300], [100, 200, 300]), wanted([1.0] * 3, decides=ONCE[:3]), FREE, terms())
    assert out.units[:, 0] == pytest.approx([0, 10, 10])
    assert len(out.order_place) == 1


def test_orders_below_the_minimum_are_not_sent() -> None:
    out = simulate(bars([100] * 3, [100] * 3), wanted([0.5] * 3), FREE, terms(order_min_usd=500.0))
    assert not len(out.order_place)
    assert not out.units.any()


def test_orders_wait_until_their_impact_is_known() -> None:
    out = simulate(bars([100] * 4, [100] * 4, impact=[NAN, 0.0, NAN, NAN]), wanted([1.0] * 4), FREE, terms())
    assert out.units[:, 0] == pytest.approx([0, 0, 10, 10])


def test_two_symbols_add_and_do_not_mix() -> None:
    def both(a: list[float], b: list[float]) -> np.ndarray:
        return np.ascontiguousarray(np.array([a, b], dtype=np.float64).T)

    prices = both([100, 100, 101], [50, 50, 48])
    market = Bars(prices, prices, np.full_like(prices, 1e9), both([0, 0, 0.01], [0, 0, 0.02]), np.zeros_like(prices))
    out = simulate(market, Wanted(both([0.5] * 3, [-0.5] * 3), np.zeros((3, 2)), np.array(ONCE[:3])), np.zeros(2), terms())
    assert out.units[2] == pytest.approx([5, -10])
    assert out.component[2, PRICE] == pytest.approx(5 + 20)
    assert out.component[2, FUNDING] == pytest.approx(-5 * 101 * 0.01 + 10 * 48 * 0.02)


def test_more_orders_than_the_first_tape_holds() -> None:
    length = 3000
    weights = [0.1 if t % 2 else -0.1 for t in range(length)]
    out = simulate(bars([100] * length, [100] * length), wanted(weights), FREE, terms())
    assert len(out.order_place) == length - 1
    assert out.order_place[:, DECIDED_BAR].tolist() == list(range(length - 1))
    assert out.order_value[1:, QUANTITY] == pytest.approx(np.full(length - 2, 2.0))
