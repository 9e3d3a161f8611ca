"""Section 2: probability of backtest overfitting."""

import numpy as np

from backtest.cscv import Cscv, cscv
from domain.arrays import FloatArray
from tests.reference.registry import Inputs, Results, case


@case(section=2, inputs={"seed", "T", "N", "S"})
def generated(inputs: Inputs) -> Results:
    return _results(cscv(generator_matrix(inputs["seed"], inputs["T"], inputs["N"]), inputs["S"]))


@case(section=2, inputs={"matrix", "S"})
def given(inputs: Inputs) -> Results:
    return _results(cscv(np.array(inputs["matrix"], dtype=np.float64), inputs["S"]))


def generator_matrix(seed: int, rows: int, columns: int) -> FloatArray:
    """M(seed, T, N) of the case file: a linear congruential generator, filled row by row."""
    state, values = seed, []
    for _ in range(rows * columns):
        state = (1103515245 * state + 12345) % 2**31
        values.append(((state >> 16) % 201 - 100) / 100)
    return np.array(values).reshape(rows, columns)


def _results(found: Cscv) -> Results:
    return {
        "n_combinations": found.n_combinations,
        "pbo_strict": found.pbo_strict,
        "pbo_nonstrict": found.pbo_nonstrict,
        "n_lambda_zero": found.n_lambda_zero,
        "mean_lambda": found.mean_lambda,
        "slope_oos_on_is": found.slope_oos_on_is,
        "p_loss": found.p_loss,
        "selected_column": found.selected_column,
        "oos_rank_ascending": found.oos_rank,
        "all_lambda": found.oos_lambda[0] if (found.oos_lambda == found.oos_lambda[0]).all() else None,
    }
