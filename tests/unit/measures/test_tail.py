import numpy as np
import pytest
from scipy import stats

from measures.tail import expected_shortfall


def test_whole_tail_observations_are_averaged() -> None:
    returns = [-0.10, -0.06] + [0.01] * 78  # 80 x 2.5 % = 2
    assert expected_shortfall(returns) == pytest.approx(0.08)


def test_the_edge_of_the_tail_counts_with_its_fraction() -> None:
    returns = [-0.10, -0.06] + [0.01] * 58  # 60 x 2.5 % = 1.5
    assert expected_shortfall(returns) == pytest.approx((0.10 + 0.5 * 0.06) / 1.5)


def test_fewer_than_one_tail_observation_is_undefined() -> None:
    assert expected_shortfall([-0.1] * 39) is None
    assert expected_shortfall([-0.1] * 40) == pytest.approx(0.1)


def test_a_tail_of_gains_is_a_negative_loss() -> None:
    assert expected_shortfall([0.02] * 50) == pytest.approx(-0.02)


def test_approaches_the_normal_formula() -> None:
    returns = stats.norm.ppf((np.arange(200_000) + 0.5) / 200_000) * 0.02
    assert expected_shortfall(returns) == pytest.approx(0.02 * stats.norm.pdf(stats.norm.ppf(0.975)) / 0.025, rel=1e-3)
