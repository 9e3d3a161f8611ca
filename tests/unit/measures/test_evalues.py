import math

import numpy as np
import pytest
from scipy import integrate, stats

from domain.errors import Refused
from measures.evalues import (
    betting_wealth,
    confidence_sequence_half_width,
    e_bh,
    mixture_e_value,
    mixture_e_value_one_sided,
)


@pytest.mark.parametrize("total", [-15.0, 0.0, 25.0])
def test_mixtures_are_the_averaged_likelihood_ratio(total: float) -> None:
    n, sigma, tau = 120, 1.3, 0.15

    def weighted(mean: float) -> float:
        return math.exp((mean * total - n * mean**2 / 2) / sigma**2) * stats.norm.pdf(mean, scale=tau)

    assert mixture_e_value(total, n, sigma, tau) == pytest.approx(integrate.quad(weighted, -2, 2)[0], rel=1e-6)
    assert mixture_e_value_one_sided(total, n, sigma, tau) == pytest.approx(2 * integrate.quad(weighted, 0, 2)[0], rel=1e-6)


def test_confidence_sequence_ends_where_the_e_value_rejects() -> None:
    half = confidence_sequence_half_width(200, 1.5, 0.1, alpha=0.05)
    assert mixture_e_value(200 * half, 200, 1.5, 0.1) == pytest.approx(20.0)


def test_null_is_rejected_at_any_time_less_often_than_alpha() -> None:
    totals = np.cumsum(np.random.default_rng(7).normal(size=(500, 400)), axis=1)
    ever = [max(mixture_e_value(float(s), n, 1.0, 0.1) for n, s in enumerate(path, 1)) >= 20 for path in totals[:, ::1]]
    assert np.mean(ever) <= 0.05


def test_betting_wealth() -> None:
    np.testing.assert_allclose(betting_wealth([0.1, -0.2], 2.0), [1.2, 0.72])
    with pytest.raises(Refused, match="largest loss"):
        betting_wealth([0.1, -0.6], 2.0)


def test_e_bh() -> None:
    assert e_bh([100.0, 100.0, 100.0], 0.05) == 3
    assert e_bh([59.0, 1.0, 1.0], 0.05) == 0  # one of three needs 60
    assert e_bh([60.0, 1.0, 1.0], 0.05) == 1
    assert e_bh([31.0, 31.0, 1.0], 0.05) == 2  # two of three need 30 each
    assert e_bh([], 0.05) == 0
