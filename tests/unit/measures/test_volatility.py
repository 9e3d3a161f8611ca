import math

import numpy as np
import pandas as pd
import pytest

from measures.ewma import com_to_alpha, ewma, span_to_alpha
from measures.volatility import ewma_volatility, volatility_annual, volatility_forecast


def returns_with_holes(days: int = 400, columns: int = 5) -> np.ndarray:
    generator = np.random.default_rng(11)
    returns = generator.normal(0.001, 0.03, (days, columns))
    returns[generator.random((days, columns)) < 0.07] = np.nan
    returns[:60, 1] = np.nan  # listed late
    returns[300:, 2] = np.nan  # delisted
    returns[:, 3] = np.nan  # never traded
    return returns


def test_annual_volatility() -> None:
    assert volatility_annual([0.01, 0.03]) == pytest.approx(math.sqrt(2e-4 * 365))
    assert volatility_annual([0.01, 0.01]) == 0.0
    assert volatility_annual([0.01]) is None


@pytest.mark.parametrize("adjust", [True, False])
@pytest.mark.parametrize("bias", [True, False])
def test_ewma_agrees_with_pandas_where_values_are_missing(adjust: bool, bias: bool) -> None:
    returns = returns_with_holes()
    frame = pd.DataFrame(returns).ewm(span=35, min_periods=10, adjust=adjust)
    got = ewma_volatility(returns, 35, min_obs=10, adjust=adjust, bias=bias)
    np.testing.assert_allclose(got, frame.std(bias=bias).to_numpy(), rtol=1e-10)


def test_ewma_mean_agrees_with_pandas() -> None:
    returns = returns_with_holes()
    np.testing.assert_allclose(
        ewma(returns, com_to_alpha(17)).mean, pd.DataFrame(returns).ewm(com=17).mean().to_numpy(), rtol=1e-10
    )
    assert com_to_alpha(17) == pytest.approx(span_to_alpha(35))


def test_forecast_blends_the_fast_one_with_the_mean_of_all_of_it() -> None:
    returns = returns_with_holes()
    fast = pd.DataFrame(returns).ewm(span=35, min_periods=10).std()
    expected = 0.7 * fast + 0.3 * fast.expanding().mean()
    np.testing.assert_allclose(volatility_forecast(returns), expected.to_numpy(), rtol=1e-10)


def test_forecast_waits_for_ten_returns_and_is_never_a_silent_zero() -> None:
    returns = np.random.default_rng(1).normal(0, 0.02, (12, 1))
    forecast = volatility_forecast(returns)
    assert np.isnan(forecast[:9]).all()
    assert (forecast[9:] > 0).all()


def test_forecast_does_not_know_the_future() -> None:
    returns = returns_with_holes()
    whole = volatility_forecast(returns)
    for cut in (20, 150, 399):
        changed = returns.copy()
        changed[cut:] = 9.0
        np.testing.assert_array_equal(volatility_forecast(changed)[:cut], whole[:cut])
        np.testing.assert_array_equal(volatility_forecast(returns[:cut]), whole[:cut])
