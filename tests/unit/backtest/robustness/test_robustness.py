import datetime as dt

import numpy as np
import pytest

from backtest.robustness.costs import returns_at_cost
from backtest.robustness.crises import Crises, Crisis, in_crises
from backtest.robustness.futures import QUANTILES, fan
from backtest.robustness.regimes import UNKNOWN, in_regimes, regimes
from domain.errors import Refused
from domain.record import COMPONENTS, Orders, PodRecord
from domain.times import US_PER_DAY, from_datetime

DAYS = 400


def market(seed: int = 1) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    size = np.where(np.arange(DAYS) < 250, 0.01, 0.04)
    return random.normal(0, size), random.lognormal(20, 0.3, DAYS) * np.where(np.arange(DAYS) < 250, 1.0, 5.0)


@pytest.mark.parametrize("day", [95, 180, 300])
def test_no_label_knows_its_own_day_or_a_later_one(day: int) -> None:
    returns, volume = market()
    before = regimes(returns, volume)
    returns[day:], volume[day:] = 0.5, 1e3
    after = regimes(returns, volume)
    for dimension, labels in before.items():
        assert labels[: day + 1].tolist() == after[dimension][: day + 1].tolist()


def test_a_storm_is_turbulent_and_deep_once_seen() -> None:
    labels = regimes(*market())
    assert set(labels["volatility"][285:].tolist()) == {2}
    assert set(labels["liquidity"][285:].tolist()) == {2}
    assert set(labels["volatility"][:90].tolist()) == {UNKNOWN}


def test_trend_by_hand() -> None:
    steady = np.where(np.arange(200) % 2 == 0, 0.03, -0.01)
    assert set(regimes(steady, np.ones(200))["trend"][70:].tolist()) == {2}
    assert set(regimes(-steady, np.ones(200))["trend"][70:].tolist()) == {0}
    level = np.where(np.arange(200) % 2 == 0, 0.01, -0.01)
    assert set(regimes(level, np.ones(200))["trend"][70:].tolist()) == {1}


def test_days_of_a_regime_are_counted_once() -> None:
    returns, volume = market()
    labels = regimes(returns, volume)
    rows = in_regimes(returns, labels)
    for dimension in labels:
        assert sum(row.days for row in rows if row.dimension == dimension) == int((labels[dimension] != UNKNOWN).sum())
    turbulent = next(row for row in rows if row.name == "turbulent")
    own = returns[labels["volatility"] == 2]
    assert turbulent.sharpe_annual == pytest.approx(own.mean() / own.std(ddof=1) * 365**0.5)
    with pytest.raises(Refused):
        regimes(returns, volume[:-1])


def test_crises_by_hand() -> None:
    begin = dt.datetime(2024, 8, 1, tzinfo=dt.UTC)
    day_us = from_datetime(begin) + np.arange(6) * US_PER_DAY
    returns = np.array([0.0, 0.1, -0.2, 0.05, 0.0, 0.5])
    market = np.array([0.0, -0.1, -0.1, np.nan, 0.0, 0.0])
    crises = Crises(
        crises=(
            Crisis(name="late", first=dt.date(2024, 8, 4), last=dt.date(2024, 8, 9)),
            Crisis(name="early", first=dt.date(2024, 8, 2), last=dt.date(2024, 8, 3)),
            Crisis(name="before", first=dt.date(2020, 3, 8), last=dt.date(2020, 3, 16)),
        )
    )
    early, late = in_crises(day_us, returns, market, crises)
    assert (early.name, early.days, early.days_in_window) == ("early", 2, 2)
    assert early.total_return == pytest.approx(1.1 * 0.8 - 1)
    assert early.max_drawdown == pytest.approx(0.2)
    assert early.worst_day == -0.2
    assert early.benchmark_return == pytest.approx(0.9 * 0.9 - 1)
    assert (late.days, late.days_in_window, late.benchmark_return) == (3, 6, None)


def test_a_crisis_ends_after_it_begins() -> None:
    with pytest.raises(Refused, match="before it begins"):
        Crises.parse({"crises": [{"name": "x", "first": dt.date(2024, 2, 1), "last": dt.date(2024, 1, 1)}]}, origin="c.yaml")


def test_the_fan_is_about_the_middle_of_the_days() -> None:
    series = np.random.default_rng(3).normal(0.001, 0.01, 300)
    found = fan(series, seed=1, paths=1500, block_days=1)
    assert found.wealth.shape == (len(QUANTILES), 300)
    assert (np.diff(found.wealth, axis=0) >= 0).all()
    assert np.log(found.final[2]) == pytest.approx(np.log1p(series).sum(), abs=4 * 0.01 * 300**0.5 / 1500**0.5)
    normal = (np.log(found.final[4]) - np.log(found.final[0])) / (2 * 1.6449)
    assert normal == pytest.approx(series.std() * 300**0.5, rel=0.08)
    assert fan(-np.abs(series) - 1e-6, seed=1, paths=50, block_days=1).p_loss == 1.0
    with pytest.raises(Refused):
        fan(np.zeros(50), seed=1)


def record(**parts: np.ndarray) -> PodRecord:
    days = len(next(iter(parts.values())))
    component = {name: parts.get(name, np.zeros(days)) for name in COMPONENTS}
    nothing, none = np.zeros(0), np.zeros(0, dtype=np.int64)
    orders = Orders(none, none, none, *([nothing] * 10))
    total = np.sum(list(component.values()), axis=0)
    return PodRecord("p", 1.0, ("X",), np.arange(days), total, component, total, total, total, nothing, nothing, nothing, orders)


def test_costs_are_multiplied_and_earnings_are_not() -> None:
    own = record(price=np.array([0.1, 0.1]), fees=np.array([-0.01, 0.002]), spread=np.array([0.003, -0.004]))
    assert returns_at_cost(own, 1.0) == pytest.approx(own.net_return)
    assert returns_at_cost(own, 3.0) == pytest.approx([0.1 - 0.03 + 0.003, 0.1 + 0.002 - 0.012])
