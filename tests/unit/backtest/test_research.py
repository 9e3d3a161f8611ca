import numpy as np
import pytest

from backtest.research import central_volatility, evaluate
from backtest.run import run_backtest
from backtest.sizing import target_weights
from domain.market import Market
from domain.pod import ExecutionProfile
from measures.volatility import volatility_forecast
from tests.unit.backtest.markets import costs, panel_of, random_closes
from tests.unit.backtest.test_sizing import manifest


def test_volatility_of_a_day_stands_from_the_next_day_on() -> None:
    panel = panel_of(random_closes(60, 2, seed=1), interval_hours=12)
    got = central_volatility(panel)
    closes = panel.close[1::2]
    returns = np.full_like(closes, np.nan)
    returns[1:] = closes[1:] / closes[:-1] - 1
    forecast = volatility_forecast(returns)
    assert np.isnan(got[:22]).all()  # ten returns need eleven closes
    assert got[22] == pytest.approx(forecast[10])
    assert got[58:] == pytest.approx(np.repeat(forecast[28:29], 2, axis=0))


def test_evaluate_sizes_and_runs() -> None:
    panel = panel_of(random_closes(80, 2, seed=2), market=Market.LINEAR)
    volatility = central_volatility(panel)
    prediction = np.random.default_rng(4).normal(size=panel.close.shape)
    profile = ExecutionProfile(taker_share=0.5)
    record = evaluate(
        panel,
        prediction,
        manifest(),
        costs(),
        profile,
        capital_usd=1e5,
        volatility_target_annual=0.2,
        daily_volatility=volatility,
        pod="pod-1",
    )
    targets = target_weights(panel, prediction, volatility, manifest(), volatility_target_annual=0.2)
    again = run_backtest(panel, targets, costs(), profile, capital_usd=1e5, pod="pod-1", daily_volatility=volatility)
    assert record.pod == "pod-1"
    assert record.net_return.tolist() == again.net_return.tolist()
    assert 0.05 < record.net_return[30:].std() * np.sqrt(365) < 0.5
