"""Expected shortfall."""

import math

import numpy as np
from numpy.typing import ArrayLike

from measures.series import finite_series


def expected_shortfall(returns: ArrayLike, level: float = 0.975) -> float | None:
    """Mean loss in the worst 1 - level share of (T,) returns; a positive number is a loss, in the unit of the returns.

    The return at the edge of the tail counts with the fraction of it that lies inside, so that the estimate is coherent.
    None where the tail holds less than one whole return (40 are needed at 97.5 %). Refused on NaN.
    Source: Acerbi and Tasche (2002), definition 4.1.

    >>> round(expected_shortfall([-0.04, -0.02, 0.01, 0.03], level=0.5), 12)
    0.03
    """
    series = np.sort(finite_series(returns))
    tail = round(series.size * (1.0 - level), 9)
    whole = math.floor(tail)
    if whole < 1:
        return None
    edge = (tail - whole) * float(series[whole]) if whole < series.size else 0.0
    return -(math.fsum(series[:whole].tolist()) + edge) / tail
