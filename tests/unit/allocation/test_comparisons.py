"""HRP and mean-variance with costs, by hand on two assets."""

import numpy as np
import pytest

from allocation.hierarchical import hierarchical_weights, inverse_variance_weights, quasi_diagonal_order
from allocation.mean_variance import turnover_penalised_weights
from allocation.optimise import Infeasible


def test_two_pairs_are_split_by_the_variance_of_the_pairs() -> None:
    correlation = np.array([[1, 0, 0.9, 0], [0, 1, 0, 0.9], [0.9, 0, 1, 0], [0, 0.9, 0, 1.0]])
    variance = np.array([1.0, 4.0, 1.0, 4.0])
    covariance = correlation * np.sqrt(np.outer(variance, variance))
    for rows_as_features in (True, False):
        order = quasi_diagonal_order(correlation, rows_as_features=rows_as_features).tolist()
        assert {frozenset(order[:2]), frozenset(order[2:])} == {frozenset({0, 2}), frozenset({1, 3})}
        weights = hierarchical_weights(covariance, correlation, rows_as_features=rows_as_features)
        np.testing.assert_allclose(weights, [0.4, 0.1, 0.4, 0.1])  # pairs of variance 0.95 and 3.8: 4 to 1
    np.testing.assert_allclose(inverse_variance_weights(covariance), [0.4, 0.1, 0.4, 0.1])


def test_a_cost_that_exceeds_the_gain_keeps_what_is_held() -> None:
    mean, covariance, held = np.array([0.02, 0.0]), np.eye(2) * 0.04, np.array([0.5, 0.5])
    free = turnover_penalised_weights(mean, covariance, 1.0, held, 0.0)
    np.testing.assert_allclose(free, [0.75, 0.25], atol=1e-7)  # w1 - w2 = 0.02 / 0.04
    kept = turnover_penalised_weights(mean, covariance, 1.0, held, 0.02)
    np.testing.assert_allclose(kept, held, atol=1e-7)
    assert isinstance(turnover_penalised_weights(mean, -covariance, 1.0, held, 0.0), Infeasible)
    assert isinstance(turnover_penalised_weights(mean, covariance * np.nan, 1.0, held, 0.0), Infeasible)


@pytest.mark.parametrize("cost", [0.0, 0.004])
def test_nothing_is_sold_short(cost: float) -> None:
    weights = turnover_penalised_weights(np.array([1.0, 0.0]), np.eye(2) * 0.01, 1.0, np.array([0.5, 0.5]), cost)
    np.testing.assert_allclose(weights, [1.0, 0.0], atol=1e-7)
