"""Run lengths of the one-sided CUSUM `C_t = max(0, C_{t-1} + x_t - k)`, alarm at `C_t >= h`, of standard normal x."""

import math

import numpy as np
from scipy.optimize import brentq
from scipy.special import ndtr

NODES_PER_UNIT = 6
"""Of the density's standard deviation; twice as many change nothing in the tenth digit."""


def average_run_length(k: float, h: float, shift: float = 0.0) -> float:
    """Mean number of observations to the alarm from C = 0 where x has mean `shift` towards it.

    Solves Page's integral equation L(u) = 1 + L(0) Phi(k - d - u) + int_0^h L(s) phi(s + k - d - u) ds on Gauss-Legendre nodes.
    Source: Page (1954), Biometrika 41; Nystrom's method.
    """
    node, weight = np.polynomial.legendre.leggauss(max(32, math.ceil(NODES_PER_UNIT * h)))
    s, w = (node + 1.0) * h / 2.0, weight * h / 2.0
    start = np.concatenate([[0.0], s])
    drift = k - shift
    kernel = np.empty((start.size, start.size))
    kernel[:, 0] = ndtr(drift - start)
    kernel[:, 1:] = w * np.exp(-0.5 * (s + drift - start[:, None]) ** 2) / math.sqrt(2.0 * math.pi)
    return float(np.linalg.solve(np.eye(start.size) - kernel, np.ones(start.size))[0])


def two_sided_run_length(k: float, h: float, shift: float = 0.0) -> float:
    """Of an upper and a lower CUSUM together: rates add. Exact for k and h such that one resets before the other signals."""
    return 1.0 / (1.0 / average_run_length(k, h, shift) + 1.0 / average_run_length(k, h, -shift))


def alarm_level(k: float, run_length: float) -> float:
    """The h at which an undisturbed one-sided CUSUM runs for `run_length` observations on average."""
    high = 1.0
    while average_run_length(k, high) < run_length:
        high *= 2.0
    return float(brentq(lambda h: average_run_length(k, h) - run_length, high / 2.0 if high > 1.0 else 0.0, high, xtol=1e-9))
