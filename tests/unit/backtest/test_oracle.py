"""vectorbt, an independent program, must come to the kernel's money from the kernel's units."""

import numpy as np
import pytest

from backtest.kernel_data import FEES, IMPACT, PRICE, SPREAD, Simulated
from backtest.oracle import draw_finalist, vectorbt_portfolio
from backtest.run import simulate_panel
from backtest.sizing import Targets
from backtest.sweep import sweep_units
from domain.errors import Refused
from domain.instruments import Bracket, Lot, Margin, TradingRules
from domain.market import Panel
from domain.pod import ExecutionProfile
from tests.unit.backtest.markets import costs, panel_of, random_closes

CAPITAL = 1e6


def market() -> Panel:
    closes = random_closes(24 * 20, 3, seed=5, sigma=0.005)
    closes[100:110, 1] = np.nan  # a gap
    closes[:50, 2] = np.nan  # listed late
    closes[300:, 2] = np.nan  # and gone early
    return panel_of(closes, interval_hours=1)


def simulated(panel: Panel, taker_share: float, rules: TradingRules | None = None) -> Simulated:
    weight = np.random.default_rng(6).normal(0, 0.5, panel.close.shape)
    targets = Targets(weight, np.full_like(weight, 0.02), np.arange(len(weight)) % 4 == 0)
    profile = ExecutionProfile(taker_share=taker_share, delay_bars=1, participation_max=0.002)
    volatility = np.full(weight.shape, 0.03)
    return simulate_panel(panel, targets, costs(), profile, capital_usd=CAPITAL, daily_volatility=volatility, rules=rules)


def lots_and_leverage(panel: Panel) -> TradingRules:
    """Lots of two units, ticks of 0.2, a leverage limit that binds, margin that does not."""
    bracket = Bracket(notional_from_usd=0, maintenance_rate=0.01, leverage_max=20)
    margin = Margin(account_leverage_max=0.6, liquidation_fee_bps=100, brackets={"default": (bracket,)})
    lots = {symbol: Lot(quantity_step=2.0, price_tick=0.2) for symbol in panel.symbols}
    return TradingRules(as_of="2024-01-01", lots=lots, margin=margin)


@pytest.mark.parametrize(("taker_share", "ruled"), [(1.0, False), (0.3, True), (0.0, False)])
def test_totals_agree(taker_share: float, ruled: bool) -> None:
    panel = market()
    mine = simulated(panel, taker_share, lots_and_leverage(panel) if ruled else None)
    assert not ruled or (mine.units % 2.0 == 0.0).all()
    theirs = vectorbt_portfolio(panel, mine, capital_usd=CAPITAL)
    expected = mine.component[:, [PRICE, FEES, SPREAD, IMPACT]].sum()
    assert float(theirs.total_profit()) == pytest.approx(expected, rel=1e-9)
    assert float(theirs.orders.records["fees"].sum()) == pytest.approx(-mine.component[:, FEES].sum(), rel=1e-9)


def test_an_order_that_the_kernel_did_not_make_is_noticed() -> None:
    panel = market()
    mine = simulated(panel, 1.0)
    with pytest.raises(Refused, match="the simulation is in doubt"):
        vectorbt_portfolio(panel, mine._replace(units=np.zeros_like(mine.units)), capital_usd=CAPITAL)


def test_an_account_that_was_liquidated_is_not_given_to_an_engine_that_does_not_know_it() -> None:
    panel = market()
    mine = simulated(panel, 1.0)
    with pytest.raises(Refused, match="without liquidations, got 1"):
        vectorbt_portfolio(panel, mine._replace(liquidation=np.zeros((1, 6))), capital_usd=CAPITAL)


def test_the_sweep_agrees_with_vectorbt() -> None:
    import pandas as pd
    import vectorbt as vbt

    random = np.random.default_rng(7)
    close = 100 * np.exp(np.cumsum(random.normal(0, 0.01, 500)))
    units = random.integers(-1, 2, size=(500, 20)).astype(np.float64)
    index = pd.date_range("2024-01-01", periods=500, freq="1h")
    portfolio = vbt.Portfolio.from_orders(
        pd.Series(close, index=index),
        pd.DataFrame(units, index=index),
        size_type="targetamount",
        fees=0.001,
        init_cash=1e6,
        freq="1h",
    )
    assert sweep_units(close, units, 0.001) == pytest.approx(np.asarray(portfolio.total_profit()), rel=1e-9)


def test_the_page_of_a_finalist_opens_offline_and_is_the_same_each_time() -> None:
    panel = market()
    mine = simulated(panel, 0.3)
    page = draw_finalist(panel, mine, capital_usd=CAPITAL, title="made-up")
    assert page == draw_finalist(panel, mine, capital_usd=CAPITAL, title="made-up")
    assert "made-up" in page
    assert "before funding and borrow" in page
    assert page.count("plotly.js v") == 1
    assert "<script src" not in page
    assert "<link" not in page
