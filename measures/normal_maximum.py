"""Mean and variance of the largest of K independent standard normals, by quadrature."""

import math
from functools import lru_cache

import numpy as np
from scipy.special import log_ndtr

EDGE = 12.0
STEP = 1.0 / 256.0
"""The density is smooth and vanishes at both edges, where equal steps integrate to rounding."""


@lru_cache(maxsize=256)
def normal_maximum(k: int) -> tuple[float, float]:
    """(mean, variance) of the maximum; (0, 1) at K = 1. Accurate to 1e-10 up to K = 1e9.

    >>> mean, variance = normal_maximum(10)
    >>> round(mean, 7), round(variance, 6)
    (1.5387527, 0.344344)
    """
    x = np.arange(-EDGE, EDGE + STEP, STEP)
    density = np.exp(math.log(k) - 0.5 * x**2 - 0.5 * math.log(2.0 * math.pi) + (k - 1.0) * log_ndtr(x)) * STEP
    mean = float(density @ x)
    return mean, float(density @ (x - mean) ** 2)
