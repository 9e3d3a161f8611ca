"""Risk budgets: how much of each bet, so that each brings its stated share of the risk.

Riskfolio-Lib finds the optimum; a few Newton steps on the same problem then settle its last digits, so that the answer does
not depend on solver tolerances, threads or linear-algebra kernels.
"""

import contextlib
import io
import warnings
from dataclasses import dataclass

import numpy as np
from scipy.optimize import nnls

from domain.arrays import FloatArray

WEIGHT_DECIMALS = 12
_NEWTON_STEPS_MAX = 100


@dataclass(frozen=True)
class Optimised:
    """Weights that add to one, by `method`."""

    weights: FloatArray
    method: str


@dataclass(frozen=True)
class Infeasible:
    """No answer: which constraint stands in the way, and the numbers."""

    constraint: str
    message: str


def risk_budget_weights(covariance: FloatArray, budgets: FloatArray) -> Optimised | Infeasible:
    """Long-only weights whose shares of variance are `budgets`, to 1e-12.

    min 1/2 x'Sx - sum b_i ln x_i, w = x / sum x (Maillard, Roncalli & Teiletche 2010; Spinu 2013).
    covariance: (N, N), any unit; budgets: (N,) positive, scaled to one here.
    """
    problem = _problem_with(covariance, budgets)
    if problem is not None:
        return problem
    shares = budgets / budgets.sum()
    if len(shares) == 1:
        return Optimised(np.ones(1), "risk budget")
    scaled = covariance / np.mean(np.diag(covariance))
    start = _riskfolio(scaled, shares)
    if isinstance(start, Infeasible):
        return start
    return _polished(scaled, shares, start)


def inverse_volatility_weights(covariance: FloatArray) -> Optimised | Infeasible:
    """The named fallback: each bet alone, correlations ignored."""
    variance = np.diag(covariance)
    if not (np.all(np.isfinite(variance)) and np.all(variance > 0)):
        return Infeasible("covariance", f"every bet needs a positive variance, got {variance.tolist()}")
    inverse = 1 / np.sqrt(variance)
    return Optimised(np.round(inverse / inverse.sum(), WEIGHT_DECIMALS), "inverse volatility")


def minimum_variance_weights(covariance: FloatArray) -> FloatArray:
    """Long-only weights of least variance, for comparison: max 1'y - 1/2 y'Sy over y >= 0 as non-negative least squares.

    Source of the solver: Lawson & Hanson (1974). Raises LinAlgError where the covariance is not positive definite.
    """
    root = np.linalg.cholesky(covariance)
    scaled, _ = nnls(root.T, np.linalg.solve(root, np.ones(len(covariance))))
    return np.asarray(scaled / scaled.sum())


def _problem_with(covariance: FloatArray, budgets: FloatArray) -> Infeasible | None:
    if not np.all(np.isfinite(covariance)):
        return Infeasible("covariance", "the covariance across bets has undefined entries")
    if not np.allclose(covariance, covariance.T, rtol=1e-10, atol=0):
        return Infeasible("covariance", "the covariance across bets is not symmetric")
    smallest, largest = np.linalg.eigvalsh(covariance)[[0, -1]]
    if largest <= 0 or smallest <= 1e-12 * largest:
        return Infeasible("covariance", f"a mix of the bets has no risk: smallest eigenvalue {smallest:.3g} of {largest:.3g}")
    if not (np.all(np.isfinite(budgets)) and np.all(budgets > 0)):
        return Infeasible("risk budgets", f"every bet needs a positive risk budget, got {budgets.tolist()}")
    return None


def _riskfolio(covariance: FloatArray, shares: FloatArray) -> FloatArray | Infeasible:
    """The optimum by Riskfolio-Lib with Clarabel; what it prints is returned as the reason where it fails."""
    import pandas as pd
    import riskfolio

    names = [f"bet{index}" for index in range(len(shares))]
    portfolio = riskfolio.Portfolio(returns=pd.DataFrame(np.eye(len(shares)), columns=names))
    portfolio.mu = pd.DataFrame(np.zeros((1, len(shares))), columns=names)
    portfolio.cov = pd.DataFrame(covariance, index=names, columns=names)
    portfolio.solvers = ["CLARABEL"]
    said = io.StringIO()
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        answer = portfolio.rp_optimization(model="Classic", rm="MV", rf=0, b=shares[:, None], hist=True)
    if answer is None or not np.all(np.isfinite(answer.to_numpy())) or not np.all(answer.to_numpy() > 0):
        return Infeasible("solver", f"Riskfolio-Lib found no risk budget: {said.getvalue().strip() or 'no message'}")
    return np.asarray(answer["weights"].to_numpy(), dtype=np.float64)


def _polished(covariance: FloatArray, shares: FloatArray, start: FloatArray) -> Optimised | Infeasible:
    """Damped Newton on the strictly convex problem (Spinu 2013): the optimum is unique, so the start does not matter."""
    at = start / np.sqrt(start @ covariance @ start)
    for _ in range(_NEWTON_STEPS_MAX):
        gradient = covariance @ at - shares / at
        step = np.linalg.solve(covariance + np.diag(shares / at**2), gradient)
        decrement = float(np.sqrt(max(float(step @ gradient), 0.0)))
        damping = 1.0 if decrement < 0.5 else 1 / (1 + decrement)
        longest = float(np.max(step / at))
        inside = 0.9 / longest if longest > 0.9 else 1.0  # no weight may reach zero
        at = at - step * min(damping, inside)
        if decrement < 1e-15:
            break
    weights = at / at.sum()
    shares_of_risk = weights * (covariance @ weights) / (weights @ covariance @ weights)
    error = float(np.max(np.abs(shares_of_risk - shares)))
    if not error < 1e-10:
        return Infeasible("solver", f"the risk budget did not settle: shares of risk off by {error:.3g}")
    return Optimised(np.round(weights, WEIGHT_DECIMALS), "risk budget")
