import numpy as np
import pytest

from allocation.clusters import clusters, correlation_matrix

ALL = np.ones(4, dtype=bool)


def matrix(**pairs):
    result = np.eye(4)
    for name, value in pairs.items():
        i, j = (int(c) for c in name[1:])
        result[i, j] = result[j, i] = value
    return result


def test_a_chain_of_pairs_is_one_cluster():
    assert clusters(matrix(p02=0.8, p23=0.75), ALL, 0.7) == ((0, 2, 3), (1,))


def test_an_unknown_correlation_between_funded_pods_counts_as_correlated():
    assert clusters(matrix(p01=np.nan), ALL, 0.7) == ((0, 1), (2,), (3,))


def test_a_pod_on_learning_capital_joins_its_likeness_and_bridges_nobody():
    funded = np.array([True, True, False, False])
    assert clusters(matrix(p02=0.9, p12=0.8), funded, 0.7) == ((0, 2), (1,), (3,))
    assert clusters(matrix(p02=np.nan), funded, 0.7) == ((0,), (1,), (2,), (3,))


def test_pods_on_learning_capital_group_among_themselves():
    assert clusters(matrix(p01=0.9, p12=0.9), np.zeros(4, dtype=bool), 0.7) == ((0, 1, 2), (3,))


def test_correlations_use_the_days_that_both_have():
    rng = np.random.default_rng(1)
    one = rng.normal(size=200)
    returns = np.column_stack([one, 0.5 * one + rng.normal(size=200), one, np.full(200, 0.01)])
    returns[:50, 0] = np.nan
    returns[59:, 2] = np.nan
    found = correlation_matrix(returns)
    assert found[0, 1] == pytest.approx(np.corrcoef(returns[50:, 0], returns[50:, 1])[0, 1])
    assert np.isnan(found[1, 2])  # 59 days
    assert np.isnan(found[1, 3])  # never moves
