import numpy as np
import pytest

from measures.rolling import rolling


def test_each_window_is_what_it_would_be_alone() -> None:
    random = np.random.default_rng(1)
    market = random.normal(0, 0.02, 60)
    returns = 0.3 * market + random.normal(0.001, 0.01, 60)
    found = rolling(returns, market, 20)
    assert np.isnan(found.sharpe_annual[:19]).all()
    for day in (19, 33, 59):
        own, other = returns[day - 19 : day + 1], market[day - 19 : day + 1]
        assert found.sharpe_annual[day] == pytest.approx(own.mean() / own.std(ddof=1) * 365**0.5)
        assert found.volatility_annual[day] == pytest.approx(own.std(ddof=1) * 365**0.5)
        assert found.beta[day] == pytest.approx(np.cov(own, other)[0, 1] / np.var(other, ddof=1))


def test_undefined_is_nan_and_not_zero() -> None:
    market = np.r_[np.nan, np.linspace(-0.01, 0.01, 9)]
    found = rolling(np.full(10, 0.01), market, 5)
    assert np.isnan(found.sharpe_annual).all()
    assert np.isnan(found.beta[4])
    assert found.beta[5] == pytest.approx(0.0)
    assert np.isnan(rolling(np.ones(3), np.ones(3), 5).volatility_annual).all()
