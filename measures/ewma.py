"""Exponentially weighted mean and standard deviation, forward in time only."""

from dataclasses import dataclass

import numpy as np

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
    days, columns = values.shape
    mean = np.full((days, columns), np.nan)
    sd = np.full((days, columns), np.nan)
    state = _State(columns, 1.0 - alpha, 1.0 if adjust else alpha)
    for day in range(days):
        state.age()
        state.take(values[day])
        mean[day] = np.where(state.count > 0, state.mean, np.nan)
        sd[day] = np.where(state.count >= max(min_obs, 2 if not bias else 1), np.sqrt(state.variance(bias)), np.nan)
    return Ewma(mean, sd)


class _State:
    """Running weights and moments by column (West 1979): no difference of large sums, no look at later rows."""

    def __init__(self, columns: int, decay: float, new_weight: float) -> None:
        self._decay, self._new_weight = decay, new_weight
        self.count = np.zeros(columns, dtype=np.int64)
        self.mean = np.zeros(columns)
        self._weight = np.zeros(columns)
        self._weight_squares = np.zeros(columns)
        self._squares = np.zeros(columns)

    def age(self) -> None:
        self._weight *= self._decay
        self._weight_squares *= self._decay**2
        self._squares *= self._decay

    def take(self, row: FloatArray) -> None:
        seen = np.isfinite(row)
        added = np.where(seen, np.where(self.count == 0, 1.0, self._new_weight), 0.0)
        total = np.where(seen, self._weight + added, 1.0)
        step = np.where(seen, row, self.mean) - self.mean
        self._squares += added * self._weight / total * step**2
        self.mean += added / total * step
        self._weight += added
        self._weight_squares += added**2
        self.count += seen
        if self._new_weight != 1.0:
            self._sum_to_one(np.where(seen, self._weight, 1.0))

    def _sum_to_one(self, total: FloatArray) -> None:
        """The newest value keeps its weight after a gap too."""
        self._weight /= total
        self._weight_squares /= total**2
        self._squares /= total

    def variance(self, bias: bool) -> FloatArray:
        with np.errstate(divide="ignore", invalid="ignore"):
            divisor = self._weight if bias else self._weight - self._weight_squares / self._weight
            return np.asarray(np.where(self.count > 0, self._squares / divisor, np.nan))
