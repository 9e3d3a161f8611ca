"""Hierarchical risk parity (HRP), for comparison with risk budgets by cluster: a clone takes more of it than its share."""

import numpy as np
from scipy.cluster.hierarchy import leaves_list, linkage
from scipy.spatial.distance import pdist, squareform

from domain.arrays import FloatArray, IntArray


def quasi_diagonal_order(correlation: FloatArray, *, rows_as_features: bool = True) -> IntArray:
    """The leaves of the single-linkage tree, left to right, on distances sqrt((1 - C) / 2).

    `rows_as_features`: the paper's own code, which clusters the rows of the distance matrix as points in space. False: on the
    distances themselves, as most libraries have it; the trees differ. correlation: (N, N), no NaN.
    """
    distance = np.sqrt(np.clip((1.0 - correlation) / 2.0, 0.0, None))
    np.fill_diagonal(distance, 0.0)
    between = pdist(distance) if rows_as_features else squareform(distance, checks=False)
    return np.asarray(leaves_list(linkage(between, "single")), dtype=np.int64)


def hierarchical_weights(covariance: FloatArray, correlation: FloatArray, *, rows_as_features: bool = True) -> FloatArray:
    """(N,) HRP weights that add to one: recursive bisection of the order by inverse variance of the two halves.

    Source: Lopez de Prado (2016), Journal of Portfolio Management 42(4), snippets 1 to 4.
    """
    order = quasi_diagonal_order(correlation, rows_as_features=rows_as_features)
    weights = np.ones(len(order))
    waiting = [order]
    while waiting:
        group = waiting.pop()
        if len(group) == 1:
            continue
        left, right = group[: len(group) // 2], group[len(group) // 2 :]
        first, second = _cluster_variance(covariance, left), _cluster_variance(covariance, right)
        weights[left] *= second / (first + second)
        weights[right] *= first / (first + second)
        waiting += [left, right]
    return weights


def inverse_variance_weights(covariance: FloatArray) -> FloatArray:
    """(N,) weights in proportion to 1 / variance, adding to one."""
    inverse = 1.0 / np.diag(covariance)
    return np.asarray(inverse / inverse.sum(), dtype=np.float64)


def _cluster_variance(covariance: FloatArray, members: IntArray) -> float:
    inside = covariance[np.ix_(members, members)]
    weights = inverse_variance_weights(inside)
    return float(weights @ inside @ weights)
