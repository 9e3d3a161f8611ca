"""What the kernel reads and what it answers: arrays of floats under names, in the layout that it is compiled for."""

from typing import NamedTuple

import numpy as np

from domain.arrays import BoolArray, FloatArray, IntArray

PRICE, FUNDING, BORROW, FEES, SPREAD, IMPACT, LIQUIDATION = range(7)
"""Columns of `Simulated.component`, in the order of `domain.record.COMPONENTS`."""

DECIDED_BAR, ENDED_BAR, SYMBOL, SIDE = range(4)
"""Columns of `Simulated.order_place`."""

QUANTITY, FILLED, DECISION, ARRIVAL, FILL, END, FEE, SPREAD_USD, IMPACT_USD, MAKER = range(10)
"""Columns of `Simulated.order_value`."""

BAR, EQUITY, MAINTENANCE, GROSS, CLOSE_EQUITY, CLOSE_MAINTENANCE = range(6)
"""Columns of `Simulated.liquidation`."""


class Bars(NamedTuple):
    """What the kernel reads of the market; (T, N) float64. A bar without open or close does not exist."""

    open: FloatArray
    close: FloatArray
    volume: FloatArray
    funding: FloatArray
    """Fraction of notional paid by longs in the bar; NaN is free of funding, for the caller has filled what was missing."""
    impact: FloatArray
    """2/3 Y sigma / sqrt(ADV) known at the close: times sqrt(order in USD) it is the cost fraction; NaN keeps the last one."""


class Wanted(NamedTuple):
    """Targets at the close of each bar: weight and buffer (T, N), decides (T,)."""

    weight: FloatArray
    buffer: FloatArray
    decides: BoolArray


class Terms(NamedTuple):
    """How the pod executes and what it is charged; fractions unless named otherwise."""

    capital_usd: float
    delay_bars: int
    participation_max: float
    taker_share: float
    cost_multiplier: float
    maker_fee: float
    taker_fee: float
    maker_impact: float
    borrow_per_bar: float
    order_min_usd: float
    halt_bars: int
    """Bars in a row without a price after which a position is closed at the last one that could be had."""


class Rules(NamedTuple):
    """A venue's rules for the account; zeros, infinities and empty arrays leave a rule out."""

    quantity_step: FloatArray
    """(N,) base units"""
    quantity_min: FloatArray
    notional_min_usd: FloatArray
    price_tick: FloatArray
    """(N,) USD; a fill's half-spread is at least half of it."""
    leverage_max: float
    """Gross exposure over equity that an order may lead to."""
    liquidation_fee: float
    """Fraction of the notional that a liquidation closes."""
    floor_usd: FloatArray
    """(B, N) where brackets begin; B = 0 is an account without margin."""
    rate_step: FloatArray
    """(B, N) by how much the maintenance rate rises there."""
    bracket_leverage: FloatArray
    """(B, N) largest leverage of a position that reaches there."""
    mark_low: FloatArray
    """(T, N) least and greatest mark in each bar; read with margin only. NaN is the bar's open and close."""
    mark_high: FloatArray
    settles: BoolArray
    """(T,) bars at whose open the account is brought back to its capital."""


def no_rules(symbols: int, length: int) -> Rules:
    """An account without lots, leverage limit or margin."""
    none, empty = np.zeros(symbols), np.zeros((0, symbols))
    return Rules(none, none, none, none, np.inf, 0.0, empty, empty, empty, empty, empty, np.zeros(length, dtype=np.bool_))


class Simulated(NamedTuple):
    """All in USD at constant capital; `units`, `mark` and `traded_usd` are (T, N), after each bar."""

    component: FloatArray
    """(T, 7); a row adds to the change of cash plus position value over the bar."""
    cash: FloatArray
    """(T,) after each bar, from `capital_usd`."""
    units: FloatArray
    mark: FloatArray
    traded_usd: FloatArray
    order_place: IntArray
    """(K, 4)"""
    order_value: FloatArray
    """(K, 10)"""
    equity: FloatArray
    """(T,) the margin account's after each bar: the capital and what was made since the last settlement."""
    liquidation: FloatArray
    """(L, 6); liquidations are no orders: nobody decided them."""


class Book(NamedTuple):
    """The kernel's state by symbol: what is held, what is wanted, and the orders under way (slots, N)."""

    held: FloatArray
    last: FloatArray
    """Last known price."""
    silent: IntArray
    """Bars in a row without a price."""
    target: FloatArray
    width: FloatArray
    impact: FloatArray
    waiting: FloatArray
    """Signed quantity decided and not yet released."""
    asked: FloatArray
    """Its decision price."""
    price: FloatArray
    """Of this bar: its open, and the last known price where it has none."""
    close: FloatArray
    gap: FloatArray
    """What the position carried in made from the last price to this one, USD."""


class Tape(NamedTuple):
    """Orders so far; rows past the count are free."""

    place: IntArray
    value: FloatArray
