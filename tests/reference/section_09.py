"""Section 9: covariance across pods and their correlation with BTC at the limits."""

import numpy as np

from allocation.btc_correlation import (
    Book,
    correlation,
    correlation_each,
    equal_factor,
    feasible_by_cutting,
    hedge_needed,
    least_cut,
    worst_signs,
)
from allocation.covariance import ewma_covariance, marchenko_pastur_edges, shrink_to_identity
from tests.reference.registry import Inputs, Results, case


@case(9, {"X"})
def scaled_identity(inputs: Inputs) -> Results:
    returns = np.array(inputs["X"])
    shrunk = shrink_to_identity(returns)
    return {"delta": shrunk.intensity, "mu": returns.var(axis=0).mean(), "cov": shrunk.covariance}


@case(9, {"X", "lambda"})
def exponentially_weighted(inputs: Inputs) -> Results:
    returns = np.array(inputs["X"])
    zero_mean = ewma_covariance(returns, inputs["lambda"])
    demeaned = ewma_covariance(returns, inputs["lambda"], demean=True)
    return {
        "zero_mean_00_01": zero_mean[0, :2],
        "demeaned_00_01": demeaned[0, :2],
        "corr01_zero_mean": zero_mean[0, 1] / np.sqrt(zero_mean[0, 0] * zero_mean[1, 1]),
    }


@case(9, {"T_over_N", "sigma2"})
def noise_edges_by_variance(inputs: Inputs) -> Results:
    return {"edges": [marchenko_pastur_edges(1 / inputs["T_over_N"], variance) for variance in inputs["sigma2"]]}


@case(9, {"N_T", "sigma2"})
def noise_edges_by_shape(inputs: Inputs) -> Results:
    return {"edges": [marchenko_pastur_edges(n / t, inputs["sigma2"]) for n, t in inputs["N_T"]]}


@case(9, {"beta", "btc_vol", "resid_vol", "resid_corr", "limits", "cap"})
def book_against_btc(inputs: Inputs) -> Results:
    """The two-pod and the four-pod case have the same inputs; of four pods the first two may be cut."""
    book, limits, cap = _book(inputs), np.array(inputs["limits"], dtype=np.float64), inputs["cap"]
    count = len(limits)
    cuttable = np.arange(count) < 2
    worst, signs = worst_signs(book, limits, np.ones(count, dtype=np.bool_))
    answer: Results = {
        "rho_at_limits": correlation(book, limits),
        "rho_each": correlation_each(book),
        "rho_both_halved": correlation(book, limits / 2),
        "feasible_by_cutting_limits": feasible_by_cutting(book, cap),
        "btc_hedge_needed_units": hedge_needed(book, limits, cap),
        "worst_sign_vertex": worst,
        "worst_signs": signs,
    }
    cut = least_cut(book, limits, np.where(cuttable, 0.0, limits), cap)
    factor = equal_factor(book, limits, cuttable, cap)
    if cut is not None and factor is not None:
        answer |= {
            "min_norm_factors": cut.factors[cuttable],
            "objective": cut.objective,
            "equal_factor": factor,
            "objective_equal": cuttable.sum() * (1 - factor) ** 2,
        }
    return answer


def _book(inputs: Inputs) -> Book:
    volatility, given = np.array(inputs["resid_vol"]), np.array(inputs["resid_corr"], dtype=np.float64)
    count = len(volatility)
    matrix = given if given.ndim == 2 else np.full((count, count), given) + (1 - given) * np.eye(count)
    return Book(np.array(inputs["beta"]), inputs["btc_vol"], np.outer(volatility, volatility) * matrix)
