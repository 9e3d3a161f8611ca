"""What counts as a series of returns."""

import numpy as np
from numpy.typing import ArrayLike

from domain.arrays import FloatArray
from domain.errors import Refused


def finite_series(values: ArrayLike, what: str = "returns") -> FloatArray:
    """The values as a (T,) float array. Raises Refused where they are not one row of finite numbers: missing is never zero."""
    series = np.asarray(values, dtype=np.float64)
    if series.ndim != 1:
        raise Refused(f"{what}: expected one dimension, got shape {series.shape}; pass one series at a time")
    missing = int(np.count_nonzero(~np.isfinite(series)))
    if missing:
        raise Refused(f"{what}: expected finite numbers, got {missing} of {series.size} missing or infinite; drop those first")
    return series


def is_constant(series: FloatArray) -> bool:
    """Whether no two values differ: every ratio to its standard deviation is then undefined."""
    return bool(series.size == 0 or series.min() == series.max())
