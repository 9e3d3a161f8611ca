"""Returns, Sharpe ratio and drawdown on real bars, by three programs: the kernel, vectorbt, and fifty-digit decimals.

Stated agreement: daily returns to 1e-9 of capital, the Sharpe ratio and the drawdown to 1e-9 of themselves. The stretch has four
outages of the exchange in it.
"""

from decimal import Decimal, localcontext
from itertools import pairwise

import numpy as np
import polars as pl
import pytest

from backtest.costs import trailing_adv_usd
from backtest.kernel_data import FEES, IMPACT, PRICE, SPREAD
from backtest.oracle import vectorbt_portfolio
from backtest.research import central_volatility
from backtest.run import record_of, simulate_panel
from backtest.sizing import Targets
from domain.market import Market, Panel
from domain.pod import ExecutionProfile
from domain.record import PodRecord
from domain.times import US_PER_DAY, US_PER_HOUR, parse_utc
from measures.drawdown import max_drawdown
from measures.sharpe import sharpe_annual
from steps.home import REPOSITORY
from tests.unit.backtest.markets import costs

MARKET = REPOSITORY.parent / "shared" / "market"
pytestmark = pytest.mark.skipif(not MARKET.exists(), reason="the shared market data is not beside this repository")

SYMBOLS = ("BTCUSDT", "DOGEUSDT", "ETHUSDT")
START_US, DAYS, CAPITAL = parse_utc("2021-02-01"), 90, 1_000_000.0
PROFILE = ExecutionProfile(taker_share=0.4, participation_max=0.01)
DIGITS = 1e-9


@pytest.fixture(scope="module")
def panel() -> Panel:
    shape = (DAYS * 24, len(SYMBOLS))
    fields = {name: np.full(shape, np.nan) for name in ("open", "high", "low", "close", "volume")}
    for column, symbol in enumerate(SYMBOLS):
        bars = pl.read_parquet(MARKET / "bars_1h" / f"{symbol}.parquet")
        row = (bars["open_time"].dt.epoch("us").to_numpy() - START_US) // US_PER_HOUR
        inside = (row >= 0) & (row < shape[0])
        for name, values in fields.items():
            values[row[inside], column] = bars[name].to_numpy()[inside]
    times, none = START_US + np.arange(shape[0], dtype=np.int64) * US_PER_HOUR, np.full(shape, np.nan)
    zero = np.zeros(shape)
    return Panel("binance", Market.SPOT, US_PER_HOUR, SYMBOLS, times, **fields, taker_buy_volume=none, funding_rate=zero)


def targets(panel: Panel) -> Targets:
    """Long where the price is above that of two days ago, decided every eight hours, with a buffer."""
    close = panel.close
    weight = np.where(close > np.vstack([np.full((48, close.shape[1]), np.nan), close[:-48]]), 0.3, 0.0)
    return Targets(weight, np.full_like(weight, 0.02), (panel.close_time_us // US_PER_HOUR) % 8 == 0)


@pytest.fixture(scope="module")
def record(panel: Panel) -> PodRecord:
    volatility = central_volatility(panel)
    simulated = simulate_panel(panel, targets(panel), costs(), PROFILE, capital_usd=CAPITAL, daily_volatility=volatility)
    return record_of(panel, simulated, capital_usd=CAPITAL, pod="a")


def in_decimals(panel: Panel) -> list[Decimal]:
    """The account's daily returns, from the rules as they are written down: one dictionary a symbol, no array."""
    want, model = targets(panel), costs()
    fee = model.of(Market.SPOT)
    spread = [Decimal(float(one)) for one in model.half_spread(SYMBOLS)]
    unit = model.impact.coefficient * central_volatility(panel) / np.sqrt(trailing_adv_usd(panel))
    capital, taker = Decimal(CAPITAL), Decimal(PROFILE.taker_share)
    maker, adverse = 1 - taker, Decimal(model.impact.maker_share)
    paid = taker * Decimal(fee.taker_fee_bps) / 10_000 + maker * Decimal(fee.maker_fee_bps) / 10_000
    books = [{"held": Decimal(0), "low": Decimal(0), "high": Decimal(0), "due": Decimal(0), "last": Decimal(0)} for _ in SYMBOLS]
    impact: list[Decimal | None] = [None] * len(SYMBOLS)
    cash, values = capital, []
    for t in range(len(panel.close)):
        for n, book in enumerate(books):
            there = bool(np.isfinite(panel.close[t, n]))
            due, book["due"] = book["due"], Decimal(0)
            if there:
                price = Decimal(float(panel.open[t, n]))
                size = min(abs(due), Decimal(PROFILE.participation_max) * Decimal(float(panel.volume[t, n])))
                side = 1 if due > 0 else -1
                if size > 0:
                    moved = (impact[n] or Decimal(0)) * (size * price).sqrt()
                    average = price * (1 + side * (spread[n] * (taker - maker) + moved * (taker + maker * adverse)))
                    cash -= side * size * average + size * average * paid
                    book["held"] += side * size
                book["last"] = Decimal(float(panel.close[t, n]))
            if np.isfinite(unit[t, n]):
                impact[n] = Decimal(float(unit[t, n]))
            if (there and impact[n] is not None) or there:
                close = book["last"]
                if want.decides[t] and np.isfinite(want.weight[t, n]):
                    weight, width = Decimal(float(want.weight[t, n])), Decimal(float(want.buffer[t, n]))
                    book["low"], book["high"] = (weight - width) * capital / close, (weight + width) * capital / close
                change = min(max(book["held"], book["low"]), book["high"]) - book["held"]
                if abs(change) * close > Decimal(model.order_min_usd) and impact[n] is not None:
                    book["due"] = change
        values.append(cash + sum((book["held"] * book["last"] for book in books), Decimal(0)))
    closes = [capital, *values[23::24]]
    return [(after - before) / capital for before, after in pairwise(closes)]


def test_three_programs_give_the_same_returns_sharpe_ratio_and_drawdown(panel: Panel, record: PodRecord) -> None:
    with localcontext(prec=50):
        returns = in_decimals(panel)
        mean = sum(returns) / len(returns)
        deviation = (sum((one - mean) ** 2 for one in returns) / (len(returns) - 1)).sqrt()
        sharpe = mean / deviation * Decimal(365).sqrt()
        wealth = peak = Decimal(1)
        fall = Decimal(0)
        for one in returns:
            wealth *= 1 + one
            peak = max(peak, wealth)
            fall = max(fall, 1 - wealth / peak)
    assert len(record.orders.side) > 300
    assert record.net_return == pytest.approx([float(one) for one in returns], abs=DIGITS)
    assert sharpe_annual(record.net_return) == pytest.approx(float(sharpe), rel=DIGITS)
    assert max_drawdown(record.net_return) == pytest.approx(float(fall), rel=DIGITS)
    assert fall > Decimal("0.05")


def test_vectorbt_gives_the_same_returns_sharpe_ratio_and_drawdown(panel: Panel, record: PodRecord) -> None:
    import pandas as pd
    import vectorbt as vbt

    simulated = simulate_panel(
        panel, targets(panel), costs(), PROFILE, capital_usd=CAPITAL, daily_volatility=central_volatility(panel)
    )
    portfolio = vectorbt_portfolio(panel, simulated, capital_usd=CAPITAL)
    value = portfolio.value().to_numpy()[23::24]
    start = float(portfolio.init_cash)
    theirs = np.diff(value, prepend=start) / CAPITAL
    assert record.net_return == pytest.approx(theirs, abs=DIGITS)
    index = pd.to_datetime(START_US + np.arange(DAYS) * US_PER_DAY, unit="us")
    with_defaults = vbt.returns.accessors.ReturnsSRAccessor(pd.Series(theirs, index=index), freq="1D", year_freq="365 days")
    assert sharpe_annual(record.net_return) == pytest.approx(float(with_defaults.sharpe_ratio()), rel=DIGITS)
    assert max_drawdown(record.net_return) == pytest.approx(-float(with_defaults.max_drawdown()), rel=DIGITS)
    parts = simulated.component[:, [PRICE, FEES, SPREAD, IMPACT]].sum()
    assert float(portfolio.total_profit()) == pytest.approx(parts, rel=DIGITS)
