"""Ordinary least squares with classical and Newey-West standard errors.

The textbook formulas stand here in numpy because they are a few lines and statsmodels costs seconds to import; in the tests
statsmodels is the second implementation, and the two agree to 1e-10.
"""

from dataclasses import dataclass

import numpy as np

from domain.arrays import FloatArray
from measures.undefined import Undefined

ROUNDING = 1e-10
"""Residuals below this share of the regressand's spread are rounding, and no standard error can be read from them."""


@dataclass(frozen=True)
class Regression:
    """A fit of (T,) y on (T, k) x. Arrays are (k,); standard errors are NaN where the fit is exact but for rounding."""

    n: int
    lags: int
    coefficient: FloatArray
    se_ols: FloatArray
    """Classical: residual variance with n - k degrees of freedom."""
    se_hac: FloatArray
    """Newey-West, textbook form: no small-sample factor."""
    residual: FloatArray
    """(T,)"""
    r_squared: float

    @property
    def dof(self) -> int:
        return self.n - self.coefficient.size

    @property
    def se_hac_small_sample(self) -> FloatArray:
        """Newey-West with the factor n / (n - k) on the variance."""
        return np.asarray(self.se_hac * np.sqrt(self.n / self.dof))

    @property
    def se_gate(self) -> FloatArray:
        """The larger of OLS and small-sample HAC: negative autocorrelation must not make a t-statistic look better."""
        return np.maximum(self.se_ols, self.se_hac_small_sample)

    @property
    def residual_sd(self) -> float:
        """Per period, n - k degrees of freedom."""
        return float(np.sqrt(self.residual @ self.residual / self.dof))


def regress(y: FloatArray, x: FloatArray, lags: int) -> Regression | Undefined:
    """OLS of (T,) y on (T, k) x (a column of ones for an intercept is the caller's), HAC with Bartlett weights 1 - l/(L+1).

    Undefined where T <= k, y is constant or the columns of x are collinear. Finite values are expected.
    Source: Newey and West (1987), Econometrica 55(3).
    """
    n, k = x.shape
    if n <= k:
        return Undefined(f"{n} observations for {k} coefficients")
    spread = float(np.sum((y - y.mean()) ** 2))
    if y.min() == y.max():
        return Undefined("zero variance")
    scale = np.sqrt(np.sum(x**2, axis=0))
    if not scale.all() or np.linalg.matrix_rank(x / scale) < k:
        return Undefined("collinear or constant regressors")
    bread = np.linalg.inv((x / scale).T @ (x / scale)) / np.outer(scale, scale)
    coefficient = np.linalg.lstsq(x / scale, y, rcond=None)[0] / scale
    residual = y - x @ coefficient
    rss = float(residual @ residual)
    exact = rss <= ROUNDING**2 * spread
    se_ols = np.sqrt(np.diag(bread) * rss / (n - k))
    se_hac = np.sqrt(np.maximum(np.diag(bread @ long_run_covariance(x * residual[:, None], lags) @ bread), 0.0))
    undefined = np.full(k, np.nan)
    return Regression(
        n=n,
        lags=lags,
        coefficient=np.asarray(coefficient),
        se_ols=undefined if exact else se_ols,
        se_hac=undefined if exact else se_hac,
        residual=residual,
        r_squared=1.0 - rss / spread,
    )


def long_run_covariance(scores: FloatArray, lags: int) -> FloatArray:
    """Sum over (T, k) scores: G_0 + sum_{l <= L} (1 - l/(L+1)) (G_l + G_l'), not divided by T. Positive semi-definite."""
    total = scores.T @ scores
    for lag in range(1, min(lags, len(scores) - 1) + 1):
        product = scores[lag:].T @ scores[:-lag]
        total = total + (1.0 - lag / (lags + 1.0)) * (product + product.T)
    return np.asarray(total)
