"""Margin on real bars: no strategy's position is held through a bar that would have liquidated it, recomputed by other means."""

from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl
import pytest
import yaml

from backtest.costs import CostModel
from backtest.kernel_data import FILL, PRICE
from backtest.run import run_backtest, simulate_panel
from backtest.sizing import Targets
from data_lake.instruments import DECLARED, load_instruments
from domain.arrays import FloatArray
from domain.market import Market, Panel
from domain.pod import ExecutionProfile
from domain.times import US_PER_DAY, US_PER_HOUR, iso, parse_utc
from model_runtime.package import load_package
from steps.as_of_view import DataView, panel_of
from steps.configuration import CONFIG, load
from steps.desk import first_rung, load_desk
from steps.pod_returns import Workbench
from steps.roster import package_folders, package_member
from tests.integration.test_real_data import MARKET, Decided
from tests.unit.backtest.markets import costs

TAKER = ExecutionProfile(taker_share=1.0, participation_max=1.0)
pytestmark = pytest.mark.skipif(not MARKET.exists(), reason="the shared market data is not beside this repository")


@pytest.fixture
def perpetuals(tmp_path_factory: pytest.TempPathFactory) -> Decided:
    return Decided.once(tmp_path_factory, "perpetuals", "bars_1h_perp", "funding")


def test_no_position_is_held_through_a_bar_that_would_have_liquidated_it(perpetuals: Decided) -> None:
    """Every strategy of the desk on every perpetual; the condition is worked out from units, cash, bars and the YAML file."""
    view = DataView.parse(perpetuals.step("view"), "view.json")
    panel = panel_of(perpetuals.home, view, perpetuals.step("snapshot")["snapshot"])
    desk = load_desk(False)
    capital = first_rung(desk).cap_usd
    bench = Workbench(panel, load(CONFIG / "costs.yaml", CostModel), desk.pod_volatility_target_annual, capital)
    daily = pl.read_parquet(perpetuals.home / "reports" / perpetuals.answer["cycle"] / "data" / "pod_daily.parquet")
    held = set()
    for folder in package_folders():
        member = package_member(load_package(folder, reviewed=True))
        if Market.LINEAR not in member.manifest.markets:
            continue
        simulated = simulate_panel(
            bench.charged, bench.targets(member, member.configurations()[0]), bench.costs, member.spec.profile,
            capital_usd=capital, daily_volatility=bench.volatility, rules=bench.rules,
        )  # fmt: skip
        name = member.manifest.name
        equity, maintenance = worst_case(panel, simulated.units, simulated.cash, capital)
        exposed = (simulated.units != 0).any(axis=1)
        assert (equity > maintenance)[exposed].all(), name
        carried = np.vstack([np.zeros(simulated.units.shape[1]), simulated.units[:-1]])
        paid = -np.where(carried == 0, 0.0, carried * bench.charged.open * bench.charged.funding_rate)
        line = daily.filter(pl.col("pod") == name)["component_funding"].sum() * capital
        if exposed.any():
            held.add(name)
            assert line == pytest.approx(np.nansum(paid), rel=1e-6), name
            assert line != 0.0
        bench.forget()
    assert len(held) >= 7
    accounts = perpetuals.step("accounts")
    assert {name for name, account in accounts.items() if account["distance_to_liquidation_min"] is not None} == held
    assert all(account["liquidated"] == [] and account["rules_as_of"] for account in accounts.values())


def worst_case(panel: Panel, units: FloatArray, cash: FloatArray, capital: float) -> tuple[FloatArray, FloatArray]:
    """(T,) equity and maintenance of an account settled at each midnight, longs at each bar's low and shorts at its high."""
    closes = np.array(pl.DataFrame(panel.close).fill_nan(None).fill_null(strategy="forward").to_numpy(), dtype=np.float64)
    value = cash + np.where(units == 0, 0.0, units * closes).sum(axis=1)
    midnight = panel.open_time_us % US_PER_DAY == 0
    before = np.concatenate([[capital], value[:-1]])
    settled = before[np.maximum.accumulate(np.where(midnight, np.arange(len(value)), 0))]
    extreme = np.where(units > 0, panel.low, panel.high)
    worst = np.where(np.isfinite(extreme), extreme, closes)
    equity = capital + cash - settled + np.where(units == 0, 0.0, units * worst).sum(axis=1)
    stated = yaml.safe_load(DECLARED.read_text())["venues"]["binance"]["rules"]["linear"]["margin"]
    total = np.zeros(len(value))
    for column, symbol in enumerate(panel.symbols):
        brackets = stated["brackets"][stated["schedule_of"].get(symbol, "default")]
        notional = np.where(units[:, column] == 0, 0.0, np.abs(units[:, column]) * worst[:, column])
        for number, bracket in enumerate(brackets):
            top = brackets[number + 1]["notional_from_usd"] if number + 1 < len(brackets) else np.inf
            total += bracket["maintenance_rate"] * np.clip(
                notional - bracket["notional_from_usd"], 0.0, top - bracket["notional_from_usd"]
            )
    return equity, total


def one_symbol(folder: str, symbol: str, market: Market, start: str, days: int) -> Panel:
    """Real bars on the whole hourly grid, NaN where there are none."""
    bars, first, shape = pl.read_parquet(MARKET / folder / f"{symbol}.parquet"), parse_utc(start), (days * 24, 1)
    row = (bars["open_time"].dt.epoch("us").to_numpy() - first) // US_PER_HOUR
    inside = (row >= 0) & (row < shape[0])
    fields = {name: np.full(shape, np.nan) for name in ("open", "high", "low", "close", "volume")}
    for name, values in fields.items():
        values[row[inside], 0] = bars[name].to_numpy()[inside]
    times, none = first + np.arange(shape[0], dtype=np.int64) * US_PER_HOUR, np.full(shape, np.nan)
    zero = np.zeros(shape)
    return Panel("binance", market, US_PER_HOUR, (symbol,), times, **fields, taker_buy_volume=none, funding_rate=zero)


def held_from(panel: Panel, bar: int, weight: float) -> tuple[Targets, dict[str, Any]]:
    """One decision, and what a backtest of it is given beside costs."""
    wanted = np.full(panel.close.shape, np.nan)
    wanted[bar] = weight
    volatility = np.full(panel.close.shape, 0.04)
    targets = Targets(wanted, np.zeros_like(wanted), np.ones(len(wanted), dtype=np.bool_))
    return targets, {"capital_usd": 10_000.0, "pod": "a", "daily_volatility": volatility}


def test_a_position_that_a_real_bar_would_have_liquidated_is_shown_liquidated() -> None:
    """2025-10-10 21:00: DOT opened at 3.703, fell to 0.633 and came back: twice the capital long did not live to see it."""
    panel = one_symbol("bars_1h_perp", "DOTUSDT", Market.LINEAR, "2025-09-20", 24)
    targets, given = held_from(panel, 24 * 10, 2.0)
    rules = load_instruments().trading_rules("binance", Market.LINEAR)
    record = run_backtest(panel, targets, costs(), TAKER, **given, rules=rules)
    assert record.account is not None
    assert [iso(int(us)) for us in record.account.liquidated_us] == ["2025-10-10T21:00:00Z"]
    assert record.account.liquidated_at_close == 0  # the other end of the band: by the close it would have lived
    assert record.component["liquidation"].sum() < 0
    assert record.position_last_usd[0] == 0.0
    unmargined = run_backtest(panel, targets, costs(), TAKER, **given)
    assert unmargined.position_last_usd[0] > 0.0
    half = run_backtest(panel, replace(targets, weight=targets.weight / 2), costs(), TAKER, **given, rules=rules)
    assert half.account is not None
    assert not len(half.account.liquidated_us)


def test_a_delisted_coin_is_sold_at_the_last_price_that_could_be_had_and_its_name_s_next_owner_is_not_inherited() -> None:
    """LUNA ended on 2022-05-13 00:00 at 0.00005; another coin of that ticker began on 2022-05-31 06:00 and closed at 8.56."""
    panel = one_symbol("bars_1h_delisted", "LUNAUSDT", Market.SPOT, "2022-05-01", 40)
    there = np.flatnonzero(np.isfinite(panel.close[:, 0]))
    last = int(there[np.flatnonzero(np.diff(there) > 400)[0]])
    assert (iso(int(panel.open_time_us[last])), panel.close[last, 0]) == ("2022-05-13T00:00:00Z", 0.00005)
    targets, given = held_from(panel, 26, 0.5)
    simulated = simulate_panel(panel, targets, costs(), TAKER, capital_usd=10_000.0, daily_volatility=given["daily_volatility"])
    units = simulated.units[:, 0]
    assert units[last] == units[27] > 0  # present, and held, to its last bar
    assert units[last + 71] > 0
    assert not units[last + 72 :].any()  # three days without a bar: gone
    assert simulated.order_value[-1, FILL] == pytest.approx(0.00005, rel=0.2)  # the last price, less spread and impact
    lost = units[27] * (0.00005 - panel.open[27, 0])
    assert simulated.component[:, PRICE].sum() == pytest.approx(lost)
