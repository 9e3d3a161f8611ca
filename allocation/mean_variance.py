"""Mean-variance weights that pay for their turnover."""

import importlib
from typing import Any

import numpy as np

from allocation.optimise import Infeasible
from domain.arrays import FloatArray

_DECIMALS = 8


def turnover_penalised_weights(
    mean: FloatArray, covariance: FloatArray, risk_aversion: float, held: FloatArray, cost: float
) -> FloatArray | Infeasible:
    """Long-only (N,) weights that add to one: max mu'w - gamma/2 w'Sw - cost sum |w - held|, rounded to 1e-8.

    mean, covariance and cost speak of one rebalancing horizon; `cost` is a fraction of what is traded. Infeasible where the
    covariance is no positive semi-definite matrix or the solver finds no optimum.
    """
    cp: Any = importlib.import_module("cvxpy")  # it takes seconds to import, and carries no types
    if not np.all(np.isfinite(covariance)) or np.linalg.eigvalsh(covariance)[0] < -1e-12:
        return Infeasible("covariance", "expected finite numbers and no negative eigenvalue")
    weights = cp.Variable(len(mean))
    gain = mean @ weights - risk_aversion / 2 * cp.quad_form(weights, cp.psd_wrap(covariance)) - cost * cp.norm1(weights - held)
    problem = cp.Problem(cp.Maximize(gain), [cp.sum(weights) == 1, weights >= 0])
    problem.solve(solver=cp.CLARABEL, tol_gap_abs=1e-12, tol_gap_rel=1e-12, tol_feas=1e-12)
    if problem.status != cp.OPTIMAL or weights.value is None:
        return Infeasible("solver", f"no optimum: {problem.status}")
    return np.asarray(np.round(weights.value, _DECIMALS), dtype=np.float64)
