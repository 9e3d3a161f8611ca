from dataclasses import replace

import numpy as np
import pytest

from backtest.costs import CostModel, MarketCosts
from backtest.run import run_backtest, simulate_panel
from backtest.sizing import Targets
from domain.arrays import FloatArray
from domain.errors import Refused
from domain.market import Market, Panel
from domain.pod import ExecutionProfile
from domain.record import COMPONENTS, PodRecord
from domain.times import iso
from tests.unit.backtest.markets import costs, panel_of, random_closes

TAKER = ExecutionProfile(taker_share=1.0)
CAPITAL = 1_000_000.0


def run(panel: Panel, weight: FloatArray, profile: ExecutionProfile = TAKER, model: CostModel | None = None) -> PodRecord:
    volatility = np.full(panel.close.shape, 0.02)
    return run_backtest(
        panel, Targets.every_bar(weight), model or costs(), profile, capital_usd=CAPITAL, pod="a", daily_volatility=volatility
    )


def hourly(days: int, *, start: str = "2024-01-01", market: Market = Market.LINEAR, funding: float = 0.0) -> Panel:
    closes = random_closes(24 * days, 2, seed=1, sigma=0.004)
    return panel_of(closes, interval_hours=1, start=start, market=market, funding=funding)


def test_a_record_covers_whole_days_and_its_parts_add_to_the_net_return() -> None:
    panel = hourly(4, start="2024-01-01T10:00", funding=1e-5)
    record = run(panel, np.full(panel.close.shape, 0.5))
    assert [iso(int(day))[:10] for day in record.day_us] == ["2024-01-02", "2024-01-03", "2024-01-04"]
    assert tuple(record.component) == COMPONENTS
    assert sum(record.component.values()) == pytest.approx(record.net_return, abs=1e-15)
    assert (record.component["funding"][1:] < 0).all()


def test_a_held_position_earns_its_weight_times_the_price_move_in_units() -> None:
    panel = hourly(5)
    weight = np.full(panel.close.shape, np.nan)
    weight[30] = [0.5, -0.25]  # the second day, decided at 07:00, filled in the next hour
    record = run(panel, weight)
    units = np.array([0.5, -0.25]) * CAPITAL / panel.close[30]
    expected = ((panel.close[95] - panel.close[71]) * units).sum() / CAPITAL
    assert record.component["price"][3] == pytest.approx(expected)
    assert record.turnover[1] == pytest.approx(np.abs(units * panel.open[31]).sum() / CAPITAL)
    assert not record.turnover[2:].any()
    assert record.gross_exposure[3] == pytest.approx(np.abs(units * panel.close[72:96]).sum(axis=1).mean() / CAPITAL)
    assert record.net_exposure[3] == pytest.approx((units * panel.close[72:96]).sum(axis=1).mean() / CAPITAL)
    assert record.position_last_usd == pytest.approx(units * panel.close[-1])
    assert record.traded_usd == pytest.approx(np.abs(units * panel.open[31]) / 5)


def test_fees_spread_and_impact_follow_the_cost_file() -> None:
    panel = hourly(3)
    weight = np.full(panel.close.shape, np.nan)
    weight[30] = [0.5, 0.0]
    record = run(panel, weight)
    notional = 0.5 * CAPITAL * panel.open[31, 0] / panel.close[30, 0]
    usd = panel.close[:31, 0] * panel.volume[:31, 0]
    impact = 2 / 3 * 0.02 * np.sqrt(notional / (usd.mean() * 24))
    spread = costs().half_spread_bps.by_symbol["BTCUSDT"] / 1e4
    assert record.component["impact"][1] == pytest.approx(-impact * notional / CAPITAL)
    assert record.component["spread"][1] == pytest.approx(-spread * notional / CAPITAL)
    assert record.component["fees"][1] == pytest.approx(-0.0005 * notional * (1 + impact + spread) / CAPITAL)


def test_orders_carry_time_side_and_prices() -> None:
    panel = hourly(3)
    weight = np.full(panel.close.shape, np.nan)
    weight[30] = [0.0, -0.5]
    orders = run(panel, weight, ExecutionProfile(taker_share=0.0)).orders
    assert [iso(int(us)) for us in orders.decided_us] == ["2024-01-02T07:00:00Z"]
    assert orders.symbol.tolist() == [1]
    assert orders.side.tolist() == [-1]
    assert orders.decision_price == pytest.approx([panel.close[30, 1]])
    assert orders.arrival_price == pytest.approx([panel.open[31, 1]])
    assert orders.end_price == pytest.approx([panel.close[31, 1]])
    assert orders.maker_quantity == pytest.approx(orders.filled)
    assert orders.spread_usd[0] < 0 < orders.impact_usd[0]


def test_the_account_ties_for_every_order() -> None:
    """Cash is the capital less what was bought, plus what was sold, less fees: rebuilt from the orders alone."""
    panel = hourly(6)
    random = np.random.default_rng(3)
    simulated = simulate_panel(
        panel,
        Targets.every_bar(random.normal(0, 0.3, panel.close.shape)),
        costs(),
        ExecutionProfile(taker_share=0.4, delay_bars=1, participation_max=0.001),
        capital_usd=CAPITAL,
        daily_volatility=np.full(panel.close.shape, 0.02),
    )
    place, value = simulated.order_place, simulated.order_value
    cash = CAPITAL - (place[:, 3] * value[:, 1] * value[:, 4]).sum() - value[:, 6].sum()
    assert simulated.cash[-1] == pytest.approx(cash, abs=1e-6)
    assert (value[:, 1] < value[:, 0]).any()  # some orders were larger than their share of the volume


def test_a_short_on_spot_without_a_borrow_rate_is_refused() -> None:
    panel = hourly(2, market=Market.SPOT)
    with pytest.raises(Refused, match="no borrow rate is stated"):
        run(panel, np.full(panel.close.shape, -0.1))


def test_a_short_on_spot_pays_the_stated_rate() -> None:
    panel = hourly(4, market=Market.SPOT)
    lending = replace_borrow(costs(), 0.1)
    weight = np.full(panel.close.shape, np.nan)
    weight[30] = [-0.5, 0.0]
    record = run(panel, weight, model=lending)
    units = -0.5 * CAPITAL / panel.close[30, 0]
    expected = units * panel.open[72:96, 0].sum() * 0.1 / (365 * 24) / CAPITAL
    assert record.component["borrow"][3] == pytest.approx(expected)


def replace_borrow(model: CostModel, rate: float) -> CostModel:
    spot = MarketCosts(maker_fee_bps=10.0, taker_fee_bps=10.0, borrow_rate_annual=rate)
    return model.model_copy(update={"markets": {**model.markets, Market.SPOT: spot}})


def test_a_contract_with_a_bar_without_funding_is_refused() -> None:
    panel = hourly(2)
    panel.funding_rate[5, 0] = np.nan
    with pytest.raises(Refused, match="1 bars have none: missing funding is never zero"):
        run(panel, np.zeros(panel.close.shape))


def test_coin_margined_contracts_are_refused() -> None:
    panel = replace(hourly(2), market=Market.INVERSE)
    with pytest.raises(Refused, match="got inverse ones"):
        run(panel, np.zeros(panel.close.shape))


def test_less_than_a_day_of_bars_is_refused() -> None:
    panel = panel_of(random_closes(5, 1, seed=1), interval_hours=1)
    with pytest.raises(Refused, match="at least one whole UTC day"):
        run(panel, np.zeros(panel.close.shape))


def test_no_capital_is_refused() -> None:
    panel = hourly(2)
    with pytest.raises(Refused, match="positive capital"):
        run_backtest(
            panel, Targets.every_bar(np.zeros(panel.close.shape)), costs(), TAKER, capital_usd=0.0, pod="a",
            daily_volatility=panel.close,
        )  # fmt: skip
