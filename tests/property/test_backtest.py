"""What must hold of every backtest: the account ties, a slow second engine agrees, and the future changes nothing before it."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backtest.funding import fill_missing
from backtest.kernel import simulate
from backtest.kernel_data import BAR, Bars, Rules, Simulated, Terms, Wanted
from backtest.margin import HALF_A_CENT_USD, residual_usd
from backtest.research import central_volatility
from backtest.run import simulate_panel
from backtest.sizing import Targets, target_weights
from domain.arrays import FloatArray
from domain.instruments import Bracket, Lot, Margin, TradingRules
from domain.market import Panel
from domain.pod import ExecutionProfile
from tests.unit.backtest.markets import costs, panel_of
from tests.unit.backtest.test_sizing import manifest

SEEDS = st.integers(0, 2**32 - 1)


def random_case(seed: int, length: int = 40, symbols: int = 3) -> tuple[Bars, Wanted, FloatArray, Terms]:
    random = np.random.default_rng(seed)
    shape = (length, symbols)
    close = 100 * np.exp(np.cumsum(random.normal(0, 0.03, shape), axis=0))
    opens = close * np.exp(random.normal(0, 0.01, shape))
    gone = random.random(shape) < 0.1
    gone[random.integers(length // 2, length) :, 0] = True
    opens[gone] = close[gone] = np.nan
    volume = np.where(random.random(shape) < 0.1, 0.0, random.exponential(200, shape))
    funding = np.where(random.random(shape) < 0.2, np.nan, random.normal(0, 1e-3, shape))
    impact = np.where(random.random(shape) < 0.2, np.nan, random.exponential(1e-5, shape))
    weight = np.where(random.random(shape) < 0.1, np.nan, random.normal(0, 0.5, shape))
    wanted = Wanted(weight, random.exponential(0.05, shape), random.random(length) < 0.5)
    terms = Terms(
        capital_usd=10_000.0,
        delay_bars=int(random.integers(0, 4)),
        participation_max=float(random.choice([0.05, 0.5, 1.0])),
        taker_share=float(random.choice([0.0, 0.4, 1.0])),
        cost_multiplier=float(random.choice([1.0, 3.0])),
        maker_fee=0.0001,
        taker_fee=0.0005,
        maker_impact=0.5,
        borrow_per_bar=1e-5,
        order_min_usd=float(random.choice([0.0, 100.0])),
        halt_bars=3,
    )
    return Bars(opens, close, volume, funding, impact), wanted, random.exponential(5e-4, symbols), terms


@given(SEEDS)
@settings(max_examples=60, deadline=None)
def test_components_add_to_the_change_of_cash_and_positions(seed: int) -> None:
    bars, wanted, half_spread, terms = random_case(seed)
    out = simulate(bars, wanted, half_spread, terms)
    equity = out.cash + np.where(out.units == 0, 0.0, out.units * out.mark).sum(axis=1)
    change = np.diff(equity, prepend=terms.capital_usd)
    assert change == pytest.approx(out.component.sum(axis=1), abs=1e-9 * terms.capital_usd)


def random_rules(seed: int, bars: Bars) -> Rules:
    """Lots, a leverage limit, two brackets and marks around the bars; maintenance so high that some accounts are liquidated."""
    random = np.random.default_rng([seed, 7])
    length, symbols = bars.close.shape
    low, high = np.fmin(bars.open, bars.close), np.fmax(bars.open, bars.close)
    return Rules(
        quantity_step=random.choice([0.0, 0.1, 1.0], symbols),
        quantity_min=random.choice([0.0, 0.5], symbols),
        notional_min_usd=random.choice([0.0, 50.0], symbols),
        price_tick=random.choice([0.0, 0.5], symbols),
        leverage_max=float(random.choice([0.7, 3.0, np.inf])),
        liquidation_fee=0.01,
        floor_usd=np.repeat([[0.0], [2_000.0]], symbols, axis=1),
        rate_step=np.repeat([[0.2], [0.3]], symbols, axis=1),
        bracket_leverage=np.repeat([[20.0], [4.0]], symbols, axis=1),
        mark_low=low * (1 - random.exponential(0.05, low.shape)),
        mark_high=high * (1 + random.exponential(0.05, low.shape)),
        settles=np.arange(length) % 6 == 0,
    )


@given(SEEDS)
@settings(max_examples=60, deadline=None)
def test_with_lots_margin_and_liquidation_cash_and_positions_add_up_to_the_cent_at_every_bar(seed: int) -> None:
    bars, wanted, half_spread, terms = random_case(seed)
    wanted = wanted._replace(weight=3 * wanted.weight)
    rules = random_rules(seed, bars)
    out = simulate(bars, wanted, half_spread, terms, rules)
    assert residual_usd(out, capital_usd=terms.capital_usd) < HALF_A_CENT_USD
    for step, units in zip(rules.quantity_step, out.units.T, strict=True):
        assert step == 0.0 or units / step == pytest.approx(np.round(units / step), abs=1e-6)
    assert not out.units[~np.isfinite(bars.close)].any() or _same_as_before_or_gone(bars, out)
    ended = set(out.liquidation[:, BAR].astype(int).tolist())
    stopped, base = False, terms.capital_usd
    equity = out.cash + np.where(out.units == 0, 0.0, out.units * out.mark).sum(axis=1)
    for t in range(len(equity)):
        if rules.settles[t]:
            stopped, base = False, equity[t - 1] if t else terms.capital_usd
        stopped = stopped or t in ended
        assert stopped or survives(t, bars, rules, out, terms.capital_usd + out.cash[t] - base), t


def survives(t: int, bars: Bars, rules: Rules, out: Simulated, wallet: float) -> bool:
    """Whether what is held through bar t has more equity than maintenance, all positions at their worst marks; in plain words."""
    equity, maintenance, held = wallet, 0.0, False
    for n, units in enumerate(out.units[t]):
        if units == 0:
            continue
        there = np.isfinite(bars.close[t, n])
        worst = (rules.mark_low if units > 0 else rules.mark_high)[t, n] if there else out.mark[t, n]
        notional = abs(units) * worst
        equity, held = equity + units * worst, True
        maintenance += 0.2 * notional + 0.3 * max(0.0, notional - 2_000.0)
    return not held or equity > maintenance


def _same_as_before_or_gone(bars: Bars, out: Simulated) -> bool:
    """In a bar that is not there a position stays what it was, or is closed because the symbol is gone."""
    before = np.vstack([np.zeros(out.units.shape[1]), out.units[:-1]])
    changed = (out.units != before) & ~np.isfinite(bars.close)
    return not out.units[changed].any()


@given(SEEDS)
@settings(max_examples=60, deadline=None)
def test_a_slow_engine_of_another_make_holds_the_same_units_and_money(seed: int) -> None:
    bars, wanted, half_spread, terms = random_case(seed)
    out = simulate(bars, wanted, half_spread, terms)
    for symbol in range(len(half_spread)):
        units, money = slow_account(bars, wanted, half_spread[symbol], terms, symbol)
        assert out.units[:, symbol] == pytest.approx(units, abs=1e-9)
        alone = simulate(_one(bars, symbol), _one_wanted(wanted, symbol), half_spread[symbol : symbol + 1], terms)
        assert alone.cash[-1] == pytest.approx(money, abs=1e-7)


def slow_account(bars: Bars, wanted: Wanted, half_spread: float, terms: Terms, n: int) -> tuple[list[float], float]:
    """One symbol, its orders kept as a list of (release bar, quantity)."""
    held, money, last, silent, impact = 0.0, terms.capital_usd, None, 0, None
    low = high = 0.0
    orders: list[tuple[int, float]] = []
    path = []
    for t in range(len(bars.close)):
        o, c = bars.open[t, n], bars.close[t, n]
        there = bool(np.isfinite(o))
        silent = 0 if there else silent + 1
        price = o if there else last
        if held and np.isfinite(bars.funding[t, n]):
            money -= held * price * bars.funding[t, n]
        if held < 0:
            money -= abs(held) * price * terms.borrow_per_bar
        due = [(quantity, terms.taker_share, terms.participation_max * bars.volume[t, n] if there else 0.0)
               for bar, quantity in orders if bar == t]  # fmt: skip
        orders = [order for order in orders if order[0] > t]
        if silent == terms.halt_bars and held:
            due, low, high = [(-held, 1.0, np.inf)], 0.0, 0.0
        for quantity, taker, room in due:
            size = min(abs(quantity), room)
            if size == 0:
                continue
            side, maker = np.sign(quantity), 1 - taker
            move = impact * np.sqrt(size * price) * terms.cost_multiplier
            at_taker = price * (1 + side * (half_spread * terms.cost_multiplier + move))
            at_maker = price * (1 + side * (-half_spread + terms.maker_impact * move))
            average = taker * at_taker + maker * at_maker
            money -= side * size * average + size * average * (taker * terms.taker_fee + maker * terms.maker_fee)
            held += side * size
        last = c if there else last
        impact = bars.impact[t, n] if np.isfinite(bars.impact[t, n]) else impact
        if there:
            if wanted.decides[t] and np.isfinite(wanted.weight[t, n]):
                low, high = (terms.capital_usd * (wanted.weight[t, n] + sign * wanted.buffer[t, n]) / c for sign in (-1, 1))
            expected = held + sum(quantity for _, quantity in orders)
            change = min(max(expected, low), high) - expected
            if abs(change) * c > max(terms.order_min_usd, 1e-9 * terms.capital_usd) and impact is not None:
                orders.append((t + 1 + terms.delay_bars, change))
        path.append(held)
    return path, money


def _one(bars: Bars, symbol: int) -> Bars:
    return Bars(*(np.ascontiguousarray(values[:, symbol : symbol + 1]) for values in bars))


def _one_wanted(wanted: Wanted, symbol: int) -> Wanted:
    columns = [np.ascontiguousarray(values[:, symbol : symbol + 1]) for values in (wanted.weight, wanted.buffer)]
    return Wanted(columns[0], columns[1], wanted.decides)


@given(SEEDS, st.integers(150, 230))
@settings(max_examples=25, deadline=None)
def test_nothing_up_to_a_time_depends_on_what_comes_after(seed: int, last: int) -> None:
    panel, prediction = random_market(seed)
    later, changed = disturbed_after(panel, prediction, last, seed + 1)
    before, after = chain(panel, prediction), chain(later, changed)
    for name in ("component", "cash", "units", "mark", "traded_usd", "equity"):
        assert np.array_equal(getattr(before[1], name)[: last + 1], getattr(after[1], name)[: last + 1], equal_nan=True), name
    assert np.array_equal(before[0].weight[: last + 1], after[0].weight[: last + 1])
    assert before[1].units[last].any()


def random_market(seed: int, length: int = 240, symbols: int = 3) -> tuple[Panel, FloatArray]:
    """Two months of six-hour bars with gaps and a delisting, and predictions with gaps of their own."""
    random = np.random.default_rng(seed)
    closes = 100 * np.exp(np.cumsum(random.normal(0, 0.02, (length, symbols)), axis=0))
    closes[random.random(closes.shape) < 0.02] = np.nan
    closes[random.integers(length // 2, length) :, 2] = np.nan
    panel = replace(panel_of(closes, interval_hours=6), funding_rate=random.normal(0, 1e-4, closes.shape))
    prediction = random.normal(0, 0.01, closes.shape)
    prediction[random.random(closes.shape) < 0.05] = np.nan
    return panel, prediction


def disturbed_after(panel: Panel, prediction: FloatArray, last: int, seed: int) -> tuple[Panel, FloatArray]:
    random = np.random.default_rng(seed)

    def changed(values: FloatArray) -> FloatArray:
        other = np.nan_to_num(values, nan=50.0) * np.exp(random.normal(0, 0.3, values.shape))
        other[random.random(values.shape) < 0.1] = np.nan
        later = np.arange(len(values))[:, None] > last
        return np.where(later, other, values)

    names = ("open", "high", "low", "close", "volume", "taker_buy_volume")
    rates = np.nan_to_num(changed(panel.funding_rate))
    return replace(panel, funding_rate=rates, **{name: changed(getattr(panel, name)) for name in names}), changed(prediction)


def chain(panel: Panel, prediction: FloatArray) -> tuple[Targets, Simulated]:
    """From bars and predictions to money, as the line does it."""
    volatility = central_volatility(panel)
    targets = target_weights(panel, prediction, volatility, manifest(decide_every_hours=12), volatility_target_annual=0.3)
    profile = ExecutionProfile(taker_share=0.5, delay_bars=1)
    filled = fill_missing(panel, costs().funding)
    assert filled is not None
    return targets, simulate_panel(
        filled.panel, targets, costs(), profile, capital_usd=1e6, daily_volatility=volatility, rules=strict_rules(panel)
    )


def strict_rules(panel: Panel) -> TradingRules:
    """Coarse lots, and a leverage limit low enough to bind."""
    steps = (
        Bracket(notional_from_usd=0, maintenance_rate=0.02, leverage_max=20),
        Bracket(notional_from_usd=100_000, maintenance_rate=0.1, leverage_max=4),
    )
    margin = Margin(account_leverage_max=0.5, liquidation_fee_bps=100, brackets={"default": steps})
    return TradingRules(as_of="2024-01-01", lots={name: Lot(quantity_step=5.0) for name in panel.symbols}, margin=margin)
