import math

import numpy as np
import pytest
from scipy import stats

from measures.repeated_looks import crossing_probability, obrien_fleming_constant, pocock_constant


def test_one_look_is_the_plain_test() -> None:
    assert crossing_probability([1.959964]) == pytest.approx(0.05, abs=1e-7)
    assert crossing_probability([]) == 0.0
    assert pocock_constant(1, 0.1) == pytest.approx(stats.norm.ppf(0.95))


def test_two_looks_by_the_bivariate_normal() -> None:
    joint = stats.multivariate_normal([0, 0], [[1, math.sqrt(0.5)], [math.sqrt(0.5), 1]])
    inside = joint.cdf([2.0, 1.5], lower_limit=[-2.0, -1.5])
    assert crossing_probability([2.0, 1.5]) == pytest.approx(1 - inside, abs=1e-5)


def test_constants_spend_alpha_exactly() -> None:
    c, d = pocock_constant(4, 0.02), obrien_fleming_constant(4, 0.02)
    assert crossing_probability([c] * 4) == pytest.approx(0.02)
    assert crossing_probability([d * math.sqrt(4 / look) for look in range(1, 5)]) == pytest.approx(0.02)


def test_agrees_with_simulation() -> None:
    walk = np.cumsum(np.random.default_rng(1).normal(size=(200_000, 10)), axis=1) / np.sqrt(np.arange(1, 11))
    assert crossing_probability([1.96] * 10) == pytest.approx(np.mean(np.abs(walk).max(axis=1) > 1.96), abs=4e-3)
