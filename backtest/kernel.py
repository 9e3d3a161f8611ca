"""The compiled portfolio kernel: from target weights to fills, bar by bar, with every cost on its own line."""

from typing import NamedTuple

import numpy as np
from numba import njit

from domain.arrays import BoolArray, FloatArray, IntArray

PRICE, FUNDING, BORROW, FEES, SPREAD, IMPACT = range(6)
"""Columns of `Simulated.component`, in the order of `domain.record.COMPONENTS`."""

DECIDED_BAR, ENDED_BAR, SYMBOL, SIDE = range(4)
"""Columns of `Simulated.order_place`."""

QUANTITY, FILLED, DECISION, ARRIVAL, FILL, END, FEE, SPREAD_USD, IMPACT_USD, MAKER = range(10)
"""Columns of `Simulated.order_value`."""

DUST = 1e-9
"""Orders below this share of capital are rounding, not trading."""


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


class Simulated(NamedTuple):
    """All in USD at constant capital; `units`, `mark` and `traded_usd` are (T, N), after each bar."""

    component: FloatArray
    """(T, 6); a row adds to the change of cash plus position value over the bar."""
    cash: FloatArray
    """(T,) after each bar, from `capital_usd`."""
    units: FloatArray
    mark: FloatArray
    traded_usd: FloatArray
    order_place: IntArray
    """(K, 4)"""
    order_value: FloatArray
    """(K, 10)"""


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


class Tape(NamedTuple):
    """Orders so far; rows past the count are free."""

    place: IntArray
    value: FloatArray


@njit(nogil=True, cache=True)
def _new_book(slots: int, symbols: int) -> Book:
    return Book(
        np.zeros(symbols),
        np.full(symbols, np.nan),
        np.zeros(symbols, dtype=np.int64),
        np.zeros(symbols),
        np.zeros(symbols),
        np.full(symbols, np.nan),
        np.zeros((slots, symbols)),
        np.zeros((slots, symbols)),
    )


@njit(nogil=True, cache=True)
def _new_tape(rows: int) -> Tape:
    return Tape(np.empty((rows, 4), dtype=np.int64), np.empty((rows, 10)))


@njit(nogil=True, cache=True)
def _grown(tape: Tape) -> Tape:
    more = _new_tape(2 * len(tape.place))
    more.place[: len(tape.place)] = tape.place
    more.value[: len(tape.value)] = tape.value
    return more


@njit(nogil=True, cache=True, inline="always")
def _carry(held: float, price: float, rate: float, borrow_per_bar: float, part: FloatArray) -> float:
    """Charge funding and borrow on a position carried into a bar; returns the change of cash."""
    funding = -held * price * rate if np.isfinite(rate) else 0.0
    borrow = held * price * borrow_per_bar if held < 0.0 else 0.0
    part[FUNDING] += funding
    part[BORROW] += borrow
    return funding + borrow


@njit(nogil=True, cache=True, inline="always")
def _fill(
    filled: float, side: float, price: float, half_spread: float, impact: float, taker_share: float, terms: Terms, row: FloatArray
) -> float:
    """Price a fill, write its costs into the order's row and return the change of cash.

    The taker part pays half the spread and the impact of the whole order, both times the cost multiplier; the maker part
    earns half the spread and pays a share of that impact as adverse selection. The fee is on the average fill price.
    """
    maker_share = 1.0 - taker_share
    notional = filled * price
    move = impact * np.sqrt(notional) * terms.cost_multiplier
    spread = notional * half_spread * (taker_share * terms.cost_multiplier - maker_share)
    moved = notional * move * (taker_share + maker_share * terms.maker_impact)
    average = price if filled == 0.0 else price + side * (spread + moved) / filled
    fee = filled * average * (taker_share * terms.taker_fee + maker_share * terms.maker_fee)
    row[FILLED], row[ARRIVAL], row[FILL] = filled, price, average
    row[FEE], row[SPREAD_USD], row[IMPACT_USD], row[MAKER] = fee, spread, moved, filled * maker_share
    return -side * filled * average - fee


@njit(nogil=True, cache=True)
def _change(expected: float, target: float, width: float) -> float:
    """Trade to the nearest edge of [target - width, target + width]; inside it, nothing (Carver 2015)."""
    if expected < target - width:
        return target - width - expected
    if expected > target + width:
        return target + width - expected
    return 0.0


@njit(nogil=True, cache=True, inline="always")
def _decide(t: int, n: int, bars: Bars, wanted: Wanted, terms: Terms, book: Book) -> None:
    """At the close of bar t: renew the target where a decision falls, and order what is out of the buffer."""
    close = bars.close[t, n]
    if wanted.decides[t] and np.isfinite(wanted.weight[t, n]):
        book.target[n] = wanted.weight[t, n] * terms.capital_usd / close
        book.width[n] = wanted.buffer[t, n] * terms.capital_usd / close
    slots = len(book.waiting)
    expected = book.held[n]
    for slot in range(slots):
        expected += book.waiting[slot, n]
    change = _change(expected, book.target[n], book.width[n])
    if np.abs(change) * close > max(terms.order_min_usd, DUST * terms.capital_usd) and np.isfinite(book.impact[n]):
        book.waiting[t % slots, n] = change
        book.asked[t % slots, n] = close


@njit(nogil=True, cache=True)
def simulate(bars: Bars, wanted: Wanted, half_spread: FloatArray, terms: Terms) -> Simulated:
    """Walk the bars once. half_spread: (N,) fraction.

    In bar t: funding and borrow are charged on the position carried in, at the open; the order decided at the close of bar
    t - 1 - delay is released at the open and filled in the bar, up to its share of the volume, the rest is dropped; a
    symbol silent for `halt_bars` is closed at its last price as a taker; everything is marked at the close; then the next
    order is decided on the position expected once the orders under way are filled.
    """
    length, symbols = bars.close.shape
    component, cash = np.zeros((length, 6)), np.empty(length)
    units, mark, traded = np.zeros((length, symbols)), np.full((length, symbols), np.nan), np.zeros((length, symbols))
    slots = terms.delay_bars + 1
    book, tape, orders = _new_book(slots, symbols), _new_tape(1024), 0
    money = terms.capital_usd
    for t in range(length):
        part = component[t]
        for n in range(symbols):
            there = np.isfinite(bars.open[t, n]) and np.isfinite(bars.close[t, n])
            book.silent[n] = 0 if there else book.silent[n] + 1
            price, close = (bars.open[t, n], bars.close[t, n]) if there else (book.last[n], book.last[n])
            if book.held[n] != 0.0:
                part[PRICE] += book.held[n] * (price - book.last[n])
                money += _carry(book.held[n], price, bars.funding[t, n], terms.borrow_per_bar, part)
            order, taker_share, decided = book.waiting[t % slots, n], terms.taker_share, t - slots
            room = terms.participation_max * bars.volume[t, n] if there and bars.volume[t, n] > 0.0 else 0.0
            if book.silent[n] == terms.halt_bars and book.held[n] != 0.0:
                order, taker_share, decided, room = -book.held[n], 1.0, t - 1, np.inf
                book.asked[t % slots, n] = price
                book.target[n], book.width[n] = 0.0, 0.0
            book.waiting[t % slots, n] = 0.0
            if order != 0.0:
                side = 1.0 if order > 0.0 else -1.0
                filled = min(np.abs(order), room)
                if orders == len(tape.place):
                    tape = _grown(tape)
                row, place = tape.value[orders], tape.place[orders]
                orders += 1
                place[DECIDED_BAR], place[ENDED_BAR], place[SYMBOL], place[SIDE] = decided, t, n, np.int64(side)
                row[QUANTITY], row[DECISION], row[END] = np.abs(order), book.asked[t % slots, n], close
                money += _fill(filled, side, price, half_spread[n], book.impact[n], taker_share, terms, row)
                book.held[n] += side * filled
                part[FEES] -= row[FEE]
                part[SPREAD] -= row[SPREAD_USD]
                part[IMPACT] -= row[IMPACT_USD]
                traded[t, n] = filled * price
            if book.held[n] != 0.0:
                part[PRICE] += book.held[n] * (close - price)
            book.last[n], units[t, n], mark[t, n] = close, book.held[n], close
            if np.isfinite(bars.impact[t, n]):
                book.impact[n] = bars.impact[t, n]
            if there:
                _decide(t, n, bars, wanted, terms, book)
        cash[t] = money
    return Simulated(component, cash, units, mark, traded, tape.place[:orders].copy(), tape.value[:orders].copy())
