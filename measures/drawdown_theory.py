"""How deep and how long a drawdown chance alone makes, where log equity is a Brownian motion with drift.

`mu` and `sigma` are the drift and volatility of log equity per unit of time, and `time` is in the same unit; depths are fractions
of log equity, positive. Drawdowns are watched continuously: daily marks see smaller ones (`seen_by_marks`).
"""

import cmath
import math
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

import numpy as np
from scipy.special import ndtr, ndtri

from domain.errors import Refused

TALBOT_TERMS = 32
"""More lose digits to rounding in double precision."""
PANEL_NODES = 24
PANELS = 12
SURE_STEPS = 12.0
"""Standard deviations of an unobstructed path beyond which a probability is below 1e-30."""
LARGE_X = 12.0
"""Of Q_N: the asymptote is exact to 1e-6 from here on, and the inversion begins to ring soon after."""
STEADY_X = 20.0
"""Where a steady loss hides the fluctuations, the drawdown is the loss itself, normal to half a per cent."""
BARRIER_SHIFT = 0.5826
"""-zeta(1/2) / sqrt(2 pi): what a discretely watched barrier is missed by, in sigma sqrt(dt) (Broadie, Glasserman, Kou 1997)."""


def max_drawdown_exceeds(mu: float, sigma: float, time: float, depth: float) -> float:
    """P(the deepest drawdown within `time` is more than `depth`).

    Inverts the Laplace transform of the drawdown's first passage, d e^(-ah) / (d cosh dh - a sinh dh) with a = mu / sigma^2 and
    d = sqrt(a^2 + 2 s / sigma^2), on Talbot's contour. Raises Refused where sigma or time is not positive.
    Source: Taylor (1975), Ann. Prob. 3; Abate and Valko (2004), fixed Talbot.
    """
    _require_positive(sigma, time)
    if depth <= 0:
        return 1.0
    if mu < 0 and mu**2 * time / (2.0 * sigma**2) > STEADY_X:
        return float(ndtr((-mu * time - sigma**2 / mu - depth) / (sigma * math.sqrt(time))))
    total = 0.0
    for point, weight in _talbot(TALBOT_TERMS):
        s = point / time
        total += (weight * _first_passage(s, mu / sigma**2, sigma, depth) / s).real
    return min(1.0, max(0.0, total / time))


def expected_max_drawdown(mu: float, sigma: float, time: float) -> float:
    """E[deepest drawdown within `time`]: (2 sigma^2 / mu) Q_P, sqrt(pi / 2) sigma sqrt(T) or -(2 sigma^2 / mu) Q_N.

    Source: Magdon-Ismail, Atiya, Pratap and Abu-Mostafa (2004), J. Appl. Prob. 41.
    """
    _require_positive(sigma, time)
    x = mu**2 * time / (2.0 * sigma**2)
    if x < 1e-12:
        return math.sqrt(math.pi / 2.0 * time) * sigma
    return 2.0 * sigma**2 / abs(mu) * (q_positive(x) if mu > 0 else q_negative(x))


def q_positive(x: float) -> float:
    """Q_P(x) for a rising drift, x = mu^2 T / (2 sigma^2); about 0.25 ln x + 0.49088 where x is large."""
    return _q(x, 1.0)


def q_negative(x: float) -> float:
    """Q_N(x) for a falling drift; about x + 1/2 where x is large."""
    return x + 0.5 if x > LARGE_X else _q(x, -1.0)


def _q(x: float, mu: float) -> float:
    """Half the expected deepest drawdown at sigma = 1 and |mu| = 1: the integral of its tail over all depths."""
    time = 2.0 * x
    # Where P(D > h) has fallen to nothing: the loss at a steady drift and the reach of its noise, or the reach of many renewals.
    reach = max(0.0, -mu) * time + SURE_STEPS * math.sqrt(time)
    if mu > 0:
        reach = min(reach, 0.5 * math.log(2.0 * time + 2.0) + 20.0)
    node, weight = np.polynomial.legendre.leggauss(PANEL_NODES)
    edges = np.linspace(0.0, reach, PANELS + 1)
    total = 0.0
    for low, high in pairwise(edges.tolist()):
        depths = low + (node + 1.0) * (high - low) / 2.0
        tail = [max_drawdown_exceeds(mu, 1.0, time, float(depth)) for depth in depths]
        total += float(weight @ np.array(tail)) * (high - low) / 2.0
    return total / 2.0


def stationary_drawdown_exceeds(mu: float, sigma: float, depth: float) -> float:
    """P(the drawdown at a moment long after the start is more than `depth`) = exp(-2 mu d / sigma^2); 1 where mu <= 0.

    Source: reflected Brownian motion, exponential with rate 2 mu / sigma^2.
    """
    return math.exp(-2.0 * mu * depth / sigma**2) if mu > 0 else 1.0


@dataclass(frozen=True)
class Penance:
    """What an honest strategy may lose, and how long it may stay under water, at one confidence."""

    max_drawdown: float
    at: float
    """Time at which the deepest quantile is reached."""
    under_water: float
    """Longest time under water: four times `at`, so that the way back takes three times the way down."""


def triple_penance(mu: float, sigma: float, confidence: float) -> Penance | None:
    """Independent normal returns: (z sigma)^2 / (4 mu) at (z sigma / (2 mu))^2; None where mu is not positive.

    Source: Bailey and Lopez de Prado (2014), Stop-outs under serial correlation and the triple penance rule.
    """
    if mu <= 0:
        return None
    z = float(ndtri(confidence))
    at = (z * sigma / (2.0 * mu)) ** 2
    return Penance((z * sigma) ** 2 / (4.0 * mu), at, 4.0 * at)


def seen_by_marks(depth: float, sigma: float, step: float) -> float:
    """The depth that marks every `step` show of a drawdown watched continuously: less 2 x 0.5826 sigma sqrt(step), at least 0."""
    return max(0.0, depth - 2.0 * BARRIER_SHIFT * sigma * math.sqrt(step))


def drawdown_p_value(depth: float, mu: float, sigma: float, time: float, step: float) -> float:
    """P(marks every `step` show a drawdown of `depth` or deeper within `time`), were drift and volatility as claimed."""
    return max_drawdown_exceeds(mu, sigma, time, depth + 2.0 * BARRIER_SHIFT * sigma * math.sqrt(step))


def _first_passage(s: complex, a: float, sigma: float, depth: float) -> complex:
    """The transform with e^(-dh) taken out of both hyperbolic functions, so that neither overflows."""
    d = cmath.sqrt(a * a + 2.0 * s / sigma**2)
    fading = cmath.exp(-2.0 * d * depth)
    return 2.0 * d * cmath.exp(-(a + d) * depth) / ((d - a) + (d + a) * fading)


@lru_cache(maxsize=4)
def _talbot(terms: int) -> tuple[tuple[complex, complex], ...]:
    """(s t, weight) of the fixed Talbot contour: f(t) = sum Re(weight F(s)) / t."""
    r = 2.0 * terms / 5.0
    points = [(complex(r), complex(0.5 * math.exp(r) * r / terms))]
    for k in range(1, terms):
        angle = k * math.pi / terms
        cot = 1.0 / math.tan(angle)
        slope = angle + (angle * cot - 1.0) * cot
        points.append((r * angle * (cot + 1j), r / terms * cmath.exp(r * angle * (cot + 1j)) * (1.0 + 1j * slope)))
    return tuple(points)


def _require_positive(sigma: float, time: float) -> None:
    if not (sigma > 0 and time > 0):
        raise Refused(f"expected a positive volatility and time, got {sigma} and {time}")
