import numpy as np
import pytest

from measures.regression import Regression, regress
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


def textbook(y: np.ndarray, x: np.ndarray, lags: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Coefficients, classical and Newey-West standard errors from the normal equations and the double sum over scores."""
    n, k = x.shape
    bread = np.linalg.inv(x.T @ x)
    coefficient = bread @ x.T @ y
    residual = y - x @ coefficient
    scores = x * residual[:, None]
    meat = np.zeros((k, k))
    for s in range(n):
        for t in range(max(0, s - lags), min(n, s + lags + 1)):
            meat += (1 - abs(s - t) / (lags + 1)) * np.outer(scores[s], scores[t])
    return coefficient, np.sqrt(np.diag(bread) * (residual @ residual) / (n - k)), np.sqrt(np.diag(bread @ meat @ bread))


@pytest.mark.parametrize("lags", [0, 1, 5, 25])
def test_agrees_with_the_textbook(lags: int) -> None:
    y, x = made_up(5)
    fit = fitted(y, x, lags)
    coefficient, se_ols, se_hac = textbook(y, x, lags)
    np.testing.assert_allclose(fit.coefficient, coefficient, rtol=1e-9)
    np.testing.assert_allclose(fit.se_ols, se_ols, rtol=1e-9)
    np.testing.assert_allclose(fit.se_hac, se_hac, rtol=1e-9)
    np.testing.assert_allclose(fit.se_hac_small_sample, se_hac * np.sqrt(300 / 297), rtol=1e-9)
    assert fit.residual_sd == pytest.approx(np.sqrt(np.sum((y - x @ coefficient) ** 2) / 297), rel=1e-10)
    assert fit.r_squared == pytest.approx(1 - np.sum((y - x @ coefficient) ** 2) / np.sum((y - y.mean()) ** 2), rel=1e-10)


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
