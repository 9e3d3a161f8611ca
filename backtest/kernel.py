"""The compiled portfolio kernel: from target weights to fills, bar by bar, with every cost on its own line."""

import numpy as np
from numba import njit

from backtest.kernel_data import (
    ARRIVAL,
    BAR,
    BORROW,
    CLOSE_EQUITY,
    CLOSE_MAINTENANCE,
    DECIDED_BAR,
    DECISION,
    END,
    ENDED_BAR,
    EQUITY,
    FEE,
    FEES,
    FILL,
    FILLED,
    FUNDING,
    GROSS,
    IMPACT,
    IMPACT_USD,
    LIQUIDATION,
    MAINTENANCE,
    MAKER,
    PRICE,
    QUANTITY,
    SIDE,
    SPREAD,
    SPREAD_USD,
    SYMBOL,
    Bars,
    Book,
    Rules,
    Simulated,
    Tape,
    Terms,
    Wanted,
    no_rules,
)
from domain.arrays import FloatArray

DUST = 1e-9
"""Orders below this share of capital are rounding, not trading."""

LOT_ROUNDING = 1e-9
"""Of a lot: a quantity this close to a whole number of lots is that number."""


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
        np.full(symbols, np.nan),
        np.full(symbols, np.nan),
        np.zeros(symbols),
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
def _whole_lots(quantity: float, step: float) -> float:
    """The most whole lots in a quantity of 0 or more."""
    return quantity if step == 0.0 else float(np.floor(quantity / step + LOT_ROUNDING)) * step


@njit(nogil=True, cache=True, inline="always")
def _there(t: int, n: int, bars: Bars) -> bool:
    return bool(np.isfinite(bars.open[t, n]) and np.isfinite(bars.close[t, n]))


@njit(nogil=True, cache=True, inline="always")
def _renew(t: int, n: int, bars: Bars, wanted: Wanted, terms: Terms, book: Book) -> None:
    """Renew the target where a decision falls."""
    if wanted.decides[t] and np.isfinite(wanted.weight[t, n]):
        book.target[n] = wanted.weight[t, n] * terms.capital_usd / bars.close[t, n]
        book.width[n] = wanted.buffer[t, n] * terms.capital_usd / bars.close[t, n]


@njit(nogil=True, cache=True, inline="always")
def _expected(n: int, book: Book) -> float:
    """The position once the orders under way are filled."""
    expected: float = book.held[n]
    for slot in range(len(book.waiting)):
        expected += book.waiting[slot, n]
    return expected


@njit(nogil=True, cache=True, inline="always")
def _order(t: int, n: int, shrink: float, terms: Terms, rules: Rules, book: Book) -> None:
    """At the close of bar t: order what is out of the buffer, all positions shrunk alike where the account must."""
    expected, close, slots = _expected(n, book), book.close[n], len(book.waiting)
    change = _change(expected, book.target[n], book.width[n])
    if shrink < 1.0:
        change = shrink * (expected + change) - expected
    size = _whole_lots(np.abs(change), rules.quantity_step[n])
    if size < rules.quantity_min[n] or size * close < rules.notional_min_usd[n]:
        return
    if size * close > max(terms.order_min_usd, DUST * terms.capital_usd) and np.isfinite(book.impact[n]):
        book.waiting[t % slots, n] = size if change > 0.0 else -size
        book.asked[t % slots, n] = close


@njit(nogil=True, cache=True)
def _maintenance(n: int, notional: float, rules: Rules) -> float:
    total = 0.0
    for b in range(len(rules.floor_usd)):
        total += max(0.0, notional - rules.floor_usd[b, n]) * rules.rate_step[b, n]
    return total


@njit(nogil=True, cache=True)
def _initial(n: int, notional: float, rules: Rules) -> float:
    """Initial margin: the notional over the largest leverage of the bracket that it reaches."""
    margin = 0.0
    for b in range(len(rules.floor_usd)):
        if notional > rules.floor_usd[b, n]:
            margin = notional / rules.bracket_leverage[b, n]
    return margin


@njit(nogil=True, cache=True)
def _shrink(t: int, equity: float, bars: Bars, rules: Rules, book: Book) -> float:
    """The share of all tradable positions at which gross exposure and initial margin stay within what the equity allows."""
    gross, initial, stuck, stuck_initial = 0.0, 0.0, 0.0, 0.0
    for n in range(len(book.held)):
        expected = _expected(n, book)
        if _there(t, n, bars):
            wanted = np.abs(expected + _change(expected, book.target[n], book.width[n])) * book.close[n]
            gross += wanted
            initial += _initial(n, wanted, rules)
        elif book.held[n] != 0.0:
            held = np.abs(book.held[n]) * book.close[n]
            stuck += held
            stuck_initial += _initial(n, held, rules)
    share = 1.0
    if gross + stuck > rules.leverage_max * equity:
        share = (rules.leverage_max * equity - stuck) / gross if gross > 0.0 else 0.0
    if initial + stuck_initial > equity and initial > 0.0:
        share = min(share, (equity - stuck_initial) / initial)
    return max(0.0, share)


@njit(nogil=True, cache=True)
def _worst(t: int, n: int, bars: Bars, rules: Rules, book: Book) -> float:
    """The mark in the bar that is worst for the position; the last known price where there is no bar."""
    if not _there(t, n, bars):
        return float(book.price[n])
    low, high = min(bars.open[t, n], bars.close[t, n]), max(bars.open[t, n], bars.close[t, n])
    if book.held[n] > 0.0:
        return float(min(low, rules.mark_low[t, n]) if np.isfinite(rules.mark_low[t, n]) else low)
    return float(max(high, rules.mark_high[t, n]) if np.isfinite(rules.mark_high[t, n]) else high)


@njit(nogil=True, cache=True)
def _liquidate(
    t: int, money: float, settled: float, bars: Bars, terms: Terms, rules: Rules, book: Book, part: FloatArray,
    traded: FloatArray, row: FloatArray,
) -> tuple[bool, float]:  # fmt: skip
    """Whether the account fails its maintenance at the worst marks of bar t, and its cash afterwards.

    All positions at their worst marks at once is the far end of the band that the bar allows, and it is what is charged: every
    position with a bar is closed there and pays the fee. The near end, the closes, is kept in the row beside it.
    """
    base = terms.capital_usd + money - settled
    at_worst, at_close, needed, needed_close, gross = base, base, 0.0, 0.0, 0.0
    for n in range(len(book.held)):
        if book.held[n] != 0.0:
            worst = _worst(t, n, bars, rules, book)
            at_worst += book.held[n] * worst
            at_close += book.held[n] * book.close[n]
            gross += np.abs(book.held[n]) * worst
            needed += _maintenance(n, np.abs(book.held[n]) * worst, rules)
            needed_close += _maintenance(n, np.abs(book.held[n]) * book.close[n], rules)
    if gross == 0.0 or at_worst > needed:
        return False, money
    for n in range(len(book.held)):
        book.target[n], book.width[n] = 0.0, 0.0
        book.waiting[:, n] = 0.0
        if book.held[n] != 0.0 and _there(t, n, bars):
            worst = _worst(t, n, bars, rules, book)
            fee = np.abs(book.held[n]) * worst * rules.liquidation_fee
            part[PRICE] += book.held[n] * (worst - book.price[n])
            part[LIQUIDATION] -= fee
            money += book.held[n] * worst - fee
            traded[n] += np.abs(book.held[n]) * worst
            book.held[n] = 0.0
    row[BAR], row[EQUITY], row[MAINTENANCE], row[GROSS] = t, at_worst, needed, gross
    row[CLOSE_EQUITY], row[CLOSE_MAINTENANCE] = at_close, needed_close
    return True, money


def simulate(bars: Bars, wanted: Wanted, half_spread: FloatArray, terms: Terms, rules: Rules | None = None) -> Simulated:
    """Walk the bars once. half_spread: (N,) fraction.

    In bar t: funding and borrow are charged on the position carried in, at the open; the order decided at the close of bar
    t - 1 - delay is released at the open and filled in the bar, up to its share of the volume, the rest is dropped; a
    symbol silent for `halt_bars` is closed at its last price as a taker; an account that fails its maintenance at the worst
    marks of the bar is liquidated there and stands still until it is settled; everything is marked at the close; then the
    next order is decided on the position expected once the orders under way are filled, within lots and leverage.
    """
    length, symbols = bars.close.shape
    return _walk(bars, wanted, half_spread, terms, no_rules(symbols, length) if rules is None else rules)


@njit(nogil=True, cache=True)
def _walk(bars: Bars, wanted: Wanted, half_spread: FloatArray, terms: Terms, rules: Rules) -> Simulated:
    length, symbols = bars.close.shape
    component, cash, equity = np.zeros((length, 7)), np.empty(length), np.empty(length)
    units, mark, traded = np.zeros((length, symbols)), np.full((length, symbols), np.nan), np.zeros((length, symbols))
    slots = terms.delay_bars + 1
    book, tape, orders = _new_book(slots, symbols), _new_tape(1024), 0
    ended, liquidations, stopped = np.empty((length if len(rules.floor_usd) else 0, 6)), 0, False
    money, value, settled = terms.capital_usd, terms.capital_usd, terms.capital_usd
    for t in range(length):
        part = component[t]
        if rules.settles[t]:
            settled, stopped = value, False
        for n in range(symbols):
            there = _there(t, n, bars)
            book.silent[n] = 0 if there else book.silent[n] + 1
            price, close = (bars.open[t, n], bars.close[t, n]) if there else (book.last[n], book.last[n])
            book.price[n], book.close[n], book.gap[n] = price, close, 0.0
            if book.held[n] != 0.0:
                book.gap[n] = book.held[n] * (price - book.last[n])
                money += _carry(book.held[n], price, bars.funding[t, n], terms.borrow_per_bar, part)
            order, taker_share, decided = book.waiting[t % slots, n], terms.taker_share, t - slots
            room = terms.participation_max * bars.volume[t, n] if there and bars.volume[t, n] > 0.0 else 0.0
            if book.silent[n] == terms.halt_bars and book.held[n] != 0.0:
                order, taker_share, decided, room = -book.held[n], 1.0, t - 1, np.inf
                book.asked[t % slots, n] = price
                book.target[n], book.width[n] = 0.0, 0.0
            book.waiting[t % slots, n] = 0.0
            if order != 0.0:
                side, step = 1.0 if order > 0.0 else -1.0, rules.quantity_step[n]
                filled = _whole_lots(min(np.abs(order), room), step)
                if orders == len(tape.place):
                    tape = _grown(tape)
                row, place = tape.value[orders], tape.place[orders]
                orders += 1
                place[DECIDED_BAR], place[ENDED_BAR], place[SYMBOL], place[SIDE] = decided, t, n, np.int64(side)
                row[QUANTITY], row[DECISION], row[END] = np.abs(order), book.asked[t % slots, n], close
                spread = max(half_spread[n], 0.5 * rules.price_tick[n] / price)
                money += _fill(filled, side, price, spread, book.impact[n], taker_share, terms, row)
                book.held[n] += side * filled
                if step > 0.0:
                    book.held[n] = np.round(book.held[n] / step) * step
                part[FEES] -= row[FEE]
                part[SPREAD] -= row[SPREAD_USD]
                part[IMPACT] -= row[IMPACT_USD]
                traded[t, n] = filled * price
        if len(rules.floor_usd) and not stopped:
            stopped, money = _liquidate(t, money, settled, bars, terms, rules, book, part, traded[t], ended[liquidations])
            liquidations += 1 if stopped else 0
        value = money
        for n in range(symbols):
            part[PRICE] += book.gap[n]
            if book.held[n] != 0.0:
                part[PRICE] += book.held[n] * (book.close[n] - book.price[n])
                value += book.held[n] * book.close[n]
            book.last[n], units[t, n], mark[t, n] = book.close[n], book.held[n], book.close[n]
            if np.isfinite(bars.impact[t, n]):
                book.impact[n] = bars.impact[t, n]
            if not stopped and _there(t, n, bars):
                _renew(t, n, bars, wanted, terms, book)
        cash[t], equity[t] = money, terms.capital_usd + value - settled
        bounded = rules.leverage_max < np.inf or len(rules.floor_usd) > 0
        shrink = _shrink(t, equity[t], bars, rules, book) if bounded else 1.0
        for n in range(symbols):
            if _there(t, n, bars):
                _order(t, n, shrink, terms, rules, book)
    placed, valued = tape.place[:orders].copy(), tape.value[:orders].copy()
    return Simulated(component, cash, units, mark, traded, placed, valued, equity, ended[:liquidations].copy())
