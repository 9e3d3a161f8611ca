"""What repeated testing of a growing sample does to the error rate, and the constants that repair it."""

import math
from collections.abc import Callable, Sequence

import numpy as np
from scipy.optimize import brentq

NODES = 96
"""Gauss-Legendre nodes for each look; the integrands are smooth."""


def crossing_probability(bounds: Sequence[float]) -> float:
    """Probability under the null that |Z_k| exceeds bounds[k] at some of K equally spaced looks.

    By recursive integration of the density of the sum on the region where nothing has been crossed yet.
    Source: Armitage, McPherson and Rowe (1969), JRSS A 132.
    """
    node, weight = np.polynomial.legendre.leggauss(NODES)
    previous = None
    for look, bound in enumerate(bounds, start=1):
        edge = bound * math.sqrt(look)
        s, w = node * edge, weight * edge
        density = _phi(s) if previous is None else _phi(s[:, None] - previous[0]) @ previous[1]
        previous = s, w * density
    return 0.0 if previous is None else 1.0 - float(previous[1].sum())


def pocock_constant(looks: int, alpha: float = 0.05) -> float:
    """Bound on |Z| that is the same at every look and spends `alpha`, two-sided. Source: Pocock (1977), Biometrika 64."""
    return _solve(lambda c: [c] * looks, alpha)


def obrien_fleming_constant(looks: int, alpha: float = 0.05) -> float:
    """c of the bounds c sqrt(K / k) at look k. Source: O'Brien and Fleming (1979), Biometrics 35."""
    return _solve(lambda c: [c * math.sqrt(looks / look) for look in range(1, looks + 1)], alpha)


def _solve(bounds: Callable[[float], list[float]], alpha: float) -> float:
    return float(brentq(lambda c: crossing_probability(bounds(c)) - alpha, 0.5, 8.0, xtol=1e-10))


def _phi(x: np.ndarray) -> np.ndarray:
    return np.asarray(np.exp(-0.5 * x**2) / math.sqrt(2.0 * math.pi))
