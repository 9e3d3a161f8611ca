import math

import numpy as np
import pytest

from measures.sprt import sprt


def test_bounds_and_symmetry() -> None:
    found = sprt(0.05, 0.05, 0.1)
    assert found.log_upper == pytest.approx(math.log(19))
    assert found.log_lower == pytest.approx(-math.log(19))
    assert found.expected_n_null == pytest.approx(found.expected_n_alternative)
    assert found.expected_n_null < found.fixed_n


def test_small_steps_reach_the_expected_number() -> None:
    mu, paths = 0.1, 2_000
    found = sprt(0.05, 0.1, mu)
    generator = np.random.default_rng(5)
    ratio, length, alive = np.zeros(paths), np.zeros(paths), np.ones(paths, dtype=bool)
    while alive.any():
        ratio[alive] += mu * generator.normal(mu, 1.0, int(alive.sum())) - mu**2 / 2
        length[alive] += 1
        alive = (ratio < found.log_upper) & (ratio > found.log_lower)
    assert length.mean() == pytest.approx(found.expected_n_alternative, rel=0.1)
    assert np.mean(ratio <= found.log_lower) == pytest.approx(0.1, abs=0.02)
