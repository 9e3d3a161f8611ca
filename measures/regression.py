"""Ordinary least squares with classical and Newey-West standard errors, by statsmodels."""

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
    return _fitted(y, x, scale, lags, spread)


def _fitted(y: FloatArray, x: FloatArray, scale: FloatArray, lags: int, spread: float) -> Regression:
    # Imported here: it takes seconds, and most of what imports this module never regresses.
    from statsmodels.regression.linear_model import OLS

    # Columns of unit length keep the normal equations well conditioned whatever the regressors' units.
    fit = OLS(y, x / scale).fit()
    residual = np.asarray(fit.resid, dtype=np.float64)
    rss = float(residual @ residual)
    exact = rss <= ROUNDING**2 * spread
    hac = fit.get_robustcov_results("HAC", maxlags=lags, use_correction=False)
    undefined = np.full(x.shape[1], np.nan)
    return Regression(
        n=len(y),
        lags=lags,
        coefficient=np.asarray(fit.params / scale, dtype=np.float64),
        se_ols=undefined if exact else np.asarray(fit.bse / scale, dtype=np.float64),
        se_hac=undefined if exact else np.asarray(hac.bse / scale, dtype=np.float64),
        residual=residual,
        r_squared=1.0 - rss / spread,
    )
