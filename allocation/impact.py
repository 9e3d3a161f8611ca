"""The square-root law: what a parent order moves the price, what it pays, and how large it may be.

`daily_volatility` and volumes are over one day; Q and V in one unit; impact in the unit of the volatility.
Sources: Toth et al. (2011) PRX 1; Bouchaud, Bonart, Donier & Gould (2018); Almgren, Thum, Hauptmann & Li (2005) Risk.
"""

from dataclasses import dataclass

import numpy as np

from domain.arrays import FloatArray
from domain.errors import Refused

EXPONENT = 0.5


def peak_impact(coefficient: float, daily_volatility: float, q_over_v: FloatArray, exponent: float = EXPONENT) -> FloatArray:
    """Move of the price at the end of the order: Y sigma (Q/V)^delta."""
    return np.asarray(coefficient * daily_volatility * np.asarray(q_over_v, dtype=np.float64) ** exponent)


def average_cost(coefficient: float, daily_volatility: float, q_over_v: FloatArray, exponent: float = EXPONENT) -> FloatArray:
    """What the order pays on average at a constant rate: the peak over 1 + delta, two thirds at the square root."""
    return peak_impact(coefficient, daily_volatility, q_over_v, exponent) / (1 + exponent)


def largest_order(
    coefficient: float, daily_volatility: float, daily_volume: float, budget: float, exponent: float = EXPONENT
) -> float:
    """Largest Q whose peak impact is the budget: V (b / (Y sigma))^(1/delta). For the average cost pass Y / (1 + delta)."""
    return daily_volume * float((budget / (coefficient * daily_volatility)) ** (1 / exponent))


@dataclass(frozen=True)
class AlmgrenCost:
    """Fractions of price: the permanent move, the temporary cost, and what the order realises."""

    permanent: float
    temporary: float
    realised: float


def almgren_cost(
    x_over_v: float,
    theta_over_v: float,
    daily_volatility: float,
    days: float,
    *,
    gamma: float = 0.314,
    eta: float = 0.142,
    alpha: float = 1.0,
    beta: float = 0.6,
    delta: float = 0.25,
) -> AlmgrenCost:
    """Cost of X executed over `days`; Theta is what is outstanding. Source: Almgren et al. (2005), the fitted form."""
    permanent = gamma * daily_volatility * x_over_v**alpha * theta_over_v**delta
    temporary = eta * daily_volatility * (x_over_v / days) ** beta
    return AlmgrenCost(permanent, temporary, permanent / 2 + temporary)


@dataclass(frozen=True)
class ImpactFit:
    """The law fitted to orders' impacts in three ways."""

    exponent: float
    coefficient_free_exponent: float
    coefficient_geometric: float
    """Square root fixed, geometric mean of the ratios."""
    coefficient_least_squares: float
    """Square root fixed, least squares through the origin: keeps negative impacts, so it is the one to use on noisy costs."""


def fit_orders(q_over_v: FloatArray, impact: FloatArray, daily_volatility: float) -> ImpactFit:
    """The fits for (K,) orders, impacts as positive fractions. Logs of noisy, signed costs would bias Y up: Refused."""
    if len(q_over_v) < 2 or not (np.all(q_over_v > 0) and np.all(impact > 0)):
        raise Refused("fit of the impact law: expected at least 2 orders with positive sizes and impacts")
    in_sigmas = impact / daily_volatility
    exponent, intercept = np.polyfit(np.log(q_over_v), np.log(in_sigmas), 1)
    root = np.sqrt(q_over_v)
    return ImpactFit(
        exponent=float(exponent),
        coefficient_free_exponent=float(np.exp(intercept)),
        coefficient_geometric=float(np.exp(np.mean(np.log(in_sigmas / root)))),
        coefficient_least_squares=float(root @ in_sigmas / (root @ root)),
    )
