import numpy as np
import pytest

from allocation.covariance import ewma_covariance, shrink_to_constant_correlation, shrink_to_identity
from domain.errors import Refused


def slow_constant_correlation(x):
    """Ledoit & Wolf (2004), JPM, appendix B, term by term."""
    t, n = x.shape
    y = x - x.mean(axis=0)
    s = np.array([[sum(y[k, i] * y[k, j] for k in range(t)) / t for j in range(n)] for i in range(n)])
    r = [s[i, j] / np.sqrt(s[i, i] * s[j, j]) for i in range(n) for j in range(n) if i < j]
    mean = sum(r) / len(r)
    f = np.array([[s[i, i] if i == j else mean * np.sqrt(s[i, i] * s[j, j]) for j in range(n)] for i in range(n)])
    pi = np.array([[sum((y[k, i] * y[k, j] - s[i, j]) ** 2 for k in range(t)) / t for j in range(n)] for i in range(n)])
    rho = sum(pi[i, i] for i in range(n))
    for i in range(n):
        for j in range(n):
            if i != j:
                ii = sum((y[k, i] ** 2 - s[i, i]) * (y[k, i] * y[k, j] - s[i, j]) for k in range(t)) / t
                jj = sum((y[k, j] ** 2 - s[j, j]) * (y[k, i] * y[k, j] - s[i, j]) for k in range(t)) / t
                rho += mean / 2 * (np.sqrt(s[j, j] / s[i, i]) * ii + np.sqrt(s[i, i] / s[j, j]) * jj)
    gamma = ((f - s) ** 2).sum()
    delta = min(1.0, max(0.0, (pi.sum() - rho) / gamma / t))
    return delta, delta * f + (1 - delta) * s


def sample(periods=60, count=5):
    rng = np.random.default_rng(4)
    loadings = np.linspace(-0.01, 0.02, count)
    return rng.normal(size=(periods, 1)) * loadings + rng.normal(size=(periods, count)) * np.linspace(0.005, 0.02, count)


def test_constant_correlation_agrees_with_the_papers_sums():
    returns = sample()
    intensity, covariance = slow_constant_correlation(returns)
    shrunk = shrink_to_constant_correlation(returns)
    assert 0.05 < intensity < 0.95
    assert shrunk.intensity == pytest.approx(intensity, rel=1e-10)
    np.testing.assert_allclose(shrunk.covariance, covariance, rtol=1e-10)


def test_constant_correlation_keeps_variances_and_the_mean_correlation():
    returns = sample()
    shrunk = shrink_to_constant_correlation(returns).covariance
    np.testing.assert_allclose(np.diag(shrunk), returns.var(axis=0))
    volatility = np.sqrt(np.diag(shrunk))
    above = np.triu_indices(5, 1)
    assert (shrunk / np.outer(volatility, volatility))[above].mean() == pytest.approx(np.corrcoef(returns.T)[above].mean())


def test_identity_target_lowers_correlations_which_is_why_limits_do_not_use_it():
    returns = sample()
    shrunk = shrink_to_identity(returns).covariance
    volatility = np.sqrt(np.diag(shrunk))
    above = np.triu_indices(5, 1)
    assert np.abs(shrunk / np.outer(volatility, volatility))[above].max() < np.abs(np.corrcoef(returns.T))[above].max()


def test_equal_weights_in_the_limit_of_slow_decay():
    returns = sample()
    np.testing.assert_allclose(ewma_covariance(returns, 1 - 1e-12, demean=True), np.cov(returns.T, ddof=0), rtol=1e-8)


@pytest.mark.parametrize("estimate", [shrink_to_identity, shrink_to_constant_correlation, lambda x: ewma_covariance(x, 0.9)])
def test_a_missing_day_is_refused(estimate):
    returns = sample()
    returns[3, 1] = np.nan
    with pytest.raises(Refused, match="complete returns"):
        estimate(returns)


def test_a_column_that_never_moves_is_refused():
    returns = sample()
    returns[:, 2] = 0.0
    with pytest.raises(Refused, match="column 2 never moves"):
        shrink_to_constant_correlation(returns)
