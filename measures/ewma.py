"""Exponentially weighted mean and standard deviation, forward in time only."""

from dataclasses import dataclass

import numpy as np
from numba import njit

from domain.arrays import FloatArray


@dataclass(frozen=True)
class Ewma:
    """(D, N) each; NaN before the first value (mean) or where too few values are known (sd)."""

    mean: FloatArray
    sd: FloatArray


def span_to_alpha(span: float) -> float:
    """Weight of the newest value: 2 / (span + 1)."""
    return 2.0 / (span + 1.0)


def com_to_alpha(com: float) -> float:
    """Weight of the newest value from the centre of mass: 1 / (com + 1)."""
    return 1.0 / (com + 1.0)


def ewma(values: FloatArray, alpha: float, *, min_obs: int = 1, adjust: bool = True, bias: bool = False) -> Ewma:
    """Weighted moments of `values` (D, N) up to each day, the newest with weight `alpha` of what is left.

    `adjust`: weights sum to one over the values seen (otherwise the first value keeps the weight of all that came before it).
    `bias`: divide by the sum of weights instead of correcting for the effective number of values.
    NaN: a missing day adds no value, ages the others, and repeats the last result. Equals pandas `ewm(ignore_na=False)`.
    """
    mean, sd = np.full(values.shape, np.nan), np.full(values.shape, np.nan)
    decay = 1.0 - alpha
    least = max(min_obs, 1 if bias else 2)
    _run(np.require(values, np.float64, ("C", "W")), decay, decay**2, 1.0 if adjust else alpha, least, bias, mean, sd)
    return Ewma(mean, sd)


@njit(nogil=True, cache=True, error_model="numpy")
def _run(
    values: FloatArray, decay: float, decay_squared: float, new_weight: float, least: int, bias: bool, mean: FloatArray,
    sd: FloatArray,
) -> None:  # fmt: skip
    """Running weights and moments by column (West 1979): no difference of large sums, no look at later rows."""
    days, columns = values.shape
    count, centre = np.zeros(columns, dtype=np.int64), np.zeros(columns)
    weight, weight_squares, squares = np.zeros(columns), np.zeros(columns), np.zeros(columns)
    for day in range(days):
        for c in range(columns):
            weight[c] *= decay
            weight_squares[c] *= decay_squared
            squares[c] *= decay
            if np.isfinite(values[day, c]):
                added = 1.0 if count[c] == 0 else new_weight
                total, step = weight[c] + added, values[day, c] - centre[c]
                squares[c] += added * weight[c] / total * (step * step)
                centre[c] += added / total * step
                weight[c] += added
                weight_squares[c] += added * added
                count[c] += 1
                if new_weight != 1.0:  # weights sum to one: the newest value keeps its own after a gap too
                    total = weight[c]
                    weight[c] /= total
                    weight_squares[c] /= total * total
                    squares[c] /= total
            if count[c] > 0:
                mean[day, c] = centre[c]
            if count[c] >= least:
                divisor = weight[c] if bias else weight[c] - weight_squares[c] / weight[c]
                sd[day, c] = np.sqrt(squares[c] / divisor)
