"""Margin on real bars: no strategy's position is held through a bar that would have liquidated it, recomputed by other means."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest
import yaml

from backtest.costs import CostModel
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


def test_a_position_that_a_real_bar_would_have_liquidated_is_shown_liquidated() -> None:
    """2025-10-10 21:00: DOT opened at 3.703, fell to 0.633 and came back: twice the capital long did not live to see it."""
    bars = pl.read_parquet(MARKET / "bars_1h_perp" / "DOTUSDT.parquet")
    start, hours = parse_utc("2025-09-20"), 24 * 24
    inside = bars.filter(
        (pl.col("open_time").dt.epoch("us") >= start) & (pl.col("open_time").dt.epoch("us") < start + hours * US_PER_HOUR)
    )
    column = {name: inside[name].to_numpy()[:, None].astype(np.float64) for name in ("open", "high", "low", "close", "volume")}
    shape = column["open"].shape
    panel = Panel(
        "binance", Market.LINEAR, US_PER_HOUR, ("DOTUSDT",), start + np.arange(hours, dtype=np.int64) * US_PER_HOUR, **column,
        taker_buy_volume=np.full(shape, np.nan), funding_rate=np.zeros(shape),
    )  # fmt: skip
    weight = np.full(shape, np.nan)
    weight[24 * 10] = 2.0
    targets = Targets(weight, np.zeros(shape), np.ones(hours, dtype=np.bool_))
    given = {"capital_usd": 10_000.0, "pod": "a", "daily_volatility": np.full(shape, 0.04)}
    profile = ExecutionProfile(taker_share=1.0)
    rules = load_instruments().trading_rules("binance", Market.LINEAR)
    record = run_backtest(panel, targets, costs(), profile, **given, rules=rules)
    assert record.account is not None
    assert [iso(int(us)) for us in record.account.liquidated_us] == ["2025-10-10T21:00:00Z"]
    assert record.account.liquidated_at_close == 0  # the other end of the band: by the close it would have lived
    assert record.component["liquidation"].sum() < 0
    assert record.position_last_usd[0] == 0.0
    unmargined = run_backtest(panel, targets, costs(), profile, **given)
    assert unmargined.position_last_usd[0] > 0.0
    half = run_backtest(panel, replace(targets, weight=targets.weight / 2), costs(), profile, **given, rules=rules)
    assert half.account is not None
    assert not len(half.account.liquidated_us)
