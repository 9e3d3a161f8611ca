import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.documents import Limits, TradingState
from pods.paper import PaperBook, PaperPositions, marked, traded, within
from pods.rules import NO_LIMITS, Effective
from pods.verbs import Positions


def limits(gross: int, position: int, loss: int = 1_000) -> Limits:
    return Limits(max_gross_usd_cents=gross, max_position_usd_cents=position, volatility_target_bps=1, max_loss_usd_cents=loss)


def in_force(given: Limits, positions: Positions = Positions.WITHIN_LIMITS) -> Effective:
    return Effective(TradingState.ACTIVE, given, positions, ())


def test_positions_are_cut_then_scaled_together() -> None:
    wanted = {"A": 900, "B": -300, "C": 100}
    assert within(limits(10_000, 10_000), wanted) == wanted
    assert within(limits(10_000, 200), wanted) == {"A": 200, "B": -200, "C": 100}
    # 200 + 200 + 100 = 500 scaled to 300: 120, 120, 60
    assert within(limits(300, 200), wanted) == {"A": 120, "B": -120, "C": 60}
    assert within(limits(100, 200), {"A": 100, "B": -50}) == {"A": 66, "B": -33}
    assert within(NO_LIMITS, wanted) == {"A": 0, "B": 0, "C": 0}


@given(
    st.dictionaries(st.text(max_size=2), st.integers(-(10**12), 10**12), max_size=6),
    st.integers(0, 10**12),
    st.integers(0, 10**12),
)
def test_no_limit_is_ever_exceeded_and_no_sign_turns(wanted: dict[str, int], gross: int, position: int) -> None:
    held = within(limits(gross, position), wanted)
    assert sum(map(abs, held.values())) <= gross
    for symbol, value in held.items():
        assert abs(value) <= min(position, abs(wanted[symbol]))
        assert value * wanted[symbol] >= 0


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        (Positions.WITHIN_LIMITS, {"A": 80, "B": 20}),
        (Positions.SHRINK, {"A": 50}),
        (Positions.HOLD, {"A": 50}),
        (Positions.TOWARDS_ZERO, {}),
        (Positions.ZERO_IN_STEPS, {}),
        (Positions.ZERO_AT_ONCE, {}),
    ],
)
def test_what_each_rule_does_to_positions(rule: Positions, expected: dict[str, int]) -> None:
    held = PaperPositions({"A": 50})
    assert traded(held, {"A": 80, "B": 20}, in_force(limits(100, 100), rule)).held == expected


def test_shrinking_obeys_a_lower_limit_and_holding_does_not_trade() -> None:
    held = PaperPositions({"A": 50})
    assert traded(held, {"A": 80}, in_force(limits(30, 100), Positions.SHRINK)).held == {"A": 30}
    assert traded(held, {"A": 80}, in_force(limits(30, 100), Positions.HOLD)).held == {"A": 50}


def test_profit_and_high_water_follow_the_prices() -> None:
    held = PaperPositions({"A": 10_000, "B": -4_000})
    up = marked(held, {"A": 100, "B": -50, "C": 700})
    # A gains 1 % of 10,000; the short B gains 0.5 % of 4,000, so it shrinks to -3,980
    assert (up.held, up.pnl, up.high_water) == ({"A": 10_100, "B": -3_980}, 120, 120)
    down = marked(up, {"A": -200})
    assert (down.held["A"], down.pnl, down.high_water) == (9_898, 120 - 202, 120)


def test_at_the_largest_loss_from_the_high_water_mark_it_is_flat_and_stays_so() -> None:
    start = marked(PaperPositions({"A": 10_000}), {"A": 100})
    just_above = marked(start, {"A": -98})
    # 10,100 falls by 0.98 %, rounded to zero: 98
    assert start.high_water - just_above.pnl == 98
    force = in_force(limits(50_000, 50_000, loss=98))
    assert traded(just_above, {"A": 10_000}, in_force(limits(50_000, 50_000, loss=99))).held == {"A": 10_000}
    stopped = traded(just_above, {"A": 10_000}, force)
    assert stopped.held == {}
    assert traded(marked(stopped, {"A": 500}), {"A": 10_000}, force).held == {}


def test_the_book_starts_flat_and_known_and_wants_more_than_it_gets() -> None:
    book = PaperBook()
    flat = book.exposure()
    assert (flat.net_usd_cents, flat.gross_usd_cents, flat.open_orders, flat.pnl_usd_cents) == (0, 0, 0, 0)
    assert flat.unknown_since_us is None
    book.obey(in_force(limits(1_000, 600)))
    # both legs are cut to 600, then scaled by 1000/1200
    assert (book.exposure().gross_usd_cents, book.exposure().net_usd_cents) == (1_000, 0)
    book.mark({"BTCUSDT": 1_000})
    assert book.exposure().pnl_usd_cents == 50
    before = book.exposure()
    book.obey(in_force(limits(10_000, 10_000), Positions.SHRINK))
    assert book.exposure() == before
