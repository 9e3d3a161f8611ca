import numpy as np
import pytest
import statsmodels.api as sm

from measures.regression import Regression, long_run_covariance, regress
from measures.undefined import Undefined


def made_up(seed: int, n: int = 300) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(seed)
    x = np.column_stack([np.ones(n), generator.normal(0, 0.03, n), generator.normal(0, 1e-3, n)])
    noise = generator.normal(0, 0.01, n)
    noise[1:] += 0.5 * noise[:-1]
    return x @ np.array([0.0005, 1.2, -3.0]) + noise, x


def fitted(y: np.ndarray, x: np.ndarray, lags: int) -> Regression:
    fit = regress(y, x, lags)
    assert isinstance(fit, Regression)
    return fit


@pytest.mark.parametrize("lags", [0, 1, 5, 25])
def test_agrees_with_statsmodels(lags: int) -> None:
    y, x = made_up(5)
    fit = fitted(y, x, lags)
    plain = sm.OLS(y, x).fit()
    textbook = sm.OLS(y, x).fit(cov_type="HAC", cov_kwds={"maxlags": lags, "use_correction": False})
    corrected = sm.OLS(y, x).fit(cov_type="HAC", cov_kwds={"maxlags": lags, "use_correction": True})
    np.testing.assert_allclose(fit.coefficient, plain.params, rtol=1e-10)
    np.testing.assert_allclose(fit.se_ols, plain.bse, rtol=1e-10)
    np.testing.assert_allclose(fit.se_hac, textbook.bse, rtol=1e-10)
    np.testing.assert_allclose(fit.se_hac_small_sample, corrected.bse, rtol=1e-10)
    assert fit.r_squared == pytest.approx(plain.rsquared, rel=1e-12)
    assert fit.residual_sd == pytest.approx(np.sqrt(plain.mse_resid), rel=1e-12)


def test_long_run_covariance_by_double_sum() -> None:
    scores = np.random.default_rng(2).normal(size=(12, 2))
    lags = 3
    expected = np.zeros((2, 2))
    for s in range(12):
        for t in range(12):
            expected += max(0.0, 1 - abs(s - t) / (lags + 1)) * np.outer(scores[s], scores[t])
    np.testing.assert_allclose(long_run_covariance(scores, lags), expected, atol=1e-12)


def test_the_gate_uses_the_larger_error_when_autocorrelation_flatters() -> None:
    y = np.tile([0.01, -0.008], 100) + np.random.default_rng(1).normal(0, 1e-3, 200)
    fit = fitted(y, np.ones((200, 1)), 4)
    assert fit.se_hac[0] < 0.6 * fit.se_ols[0]
    assert fit.se_gate[0] == fit.se_ols[0]


def test_an_exact_fit_has_no_standard_error() -> None:
    x = np.column_stack([np.ones(50), np.random.default_rng(0).normal(0, 0.03, 50)])
    fit = fitted(2.0 * x[:, 1], x, 3)
    assert fit.coefficient[1] == pytest.approx(2.0)
    assert np.isnan(fit.se_ols).all()
    assert np.isnan(fit.se_gate).all()


def test_undefined_says_why() -> None:
    y, x = made_up(1, 50)
    assert regress(np.zeros(50), x, 2) == Undefined("zero variance")
    assert regress(y, np.column_stack([x, 2 * x[:, 1]]), 2) == Undefined("collinear or constant regressors")
    assert regress(y, np.column_stack([x, np.zeros(50)]), 2) == Undefined("collinear or constant regressors")
    assert regress(y[:3], x[:3], 0) == Undefined("3 observations for 3 coefficients")
