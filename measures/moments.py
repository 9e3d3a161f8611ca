"""The four moments that inference on a Sharpe ratio needs."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from measures.series import finite_series, is_constant


@dataclass(frozen=True)
class Moments:
    """Of one series, per period."""

    n: int
    mean: float
    sd: float
    """ddof = 1."""
    skew: float
    """Population (biased) skewness."""
    kurtosis: float
    """Population (biased) raw kurtosis: 3 for a normal."""

    @property
    def sharpe(self) -> float:
        return self.mean / self.sd


def moments(returns: ArrayLike) -> Moments | None:
    """Moments of (T,) returns; None with fewer than 2 of them or where all are equal. Raises Refused on NaN."""
    series = finite_series(returns)
    if series.size < 2 or is_constant(series):
        return None
    mean = float(series.mean())
    deviation = series - mean
    variance = float(np.mean(deviation**2))
    return Moments(
        n=series.size,
        mean=mean,
        sd=float(series.std(ddof=1)),
        skew=float(np.mean(deviation**3)) / variance**1.5,
        kurtosis=float(np.mean(deviation**4)) / variance**2,
    )
