"""Pods that are one bet: groups of correlated return streams."""

import numpy as np

from domain.arrays import BoolArray, FloatArray
from measures.series import is_constant

SHORTEST_OVERLAP_DAYS = 60


def correlation_matrix(daily_return: FloatArray) -> FloatArray:
    """(N, N) pairwise over the days that both pods have; NaN where those are fewer than 60 or one never moves.

    daily_return: (D, N), NaN where a pod has no record.
    """
    count = daily_return.shape[1]
    matrix = np.full((count, count), np.nan)
    np.fill_diagonal(matrix, 1.0)
    for first in range(count):
        for second in range(first + 1, count):
            matrix[first, second] = matrix[second, first] = _pair(daily_return[:, first], daily_return[:, second])
    return matrix


def clusters(correlation: FloatArray, funded: BoolArray, threshold: float) -> tuple[tuple[int, ...], ...]:
    """Index groups of pods that are one bet, in the order of their first member.

    Funded pods are joined by any chain of pairs correlated at or above the threshold, and an unknown correlation counts as
    such. Single linkage on purpose: a further pod can merge groups, never split one, so nobody gains a separate budget by
    adding a copy. A pod on learning capital joins the group of the funded pod it resembles most, or the rest of its kind; it
    bridges no two groups of funded pods.
    """
    count = len(correlation)
    label = np.arange(count)
    linked = ~(correlation < threshold)
    for first in range(count):
        for second in range(first + 1, count):
            if linked[first, second] and funded[first] and funded[second]:
                label[label == label[second]] = label[first]
    resembles = np.where(np.isnan(correlation), -np.inf, correlation)
    for pod in np.flatnonzero(~funded):
        nearest = int(np.argmax(np.where(funded, resembles[pod], -np.inf)))
        if funded[nearest] and resembles[pod, nearest] >= threshold:
            label[pod] = label[nearest]
    alone = [int(pod) for pod in np.flatnonzero(~funded) if label[pod] == pod]
    for place, first in enumerate(alone):
        for second in alone[place + 1 :]:
            if resembles[first, second] >= threshold:
                label[label == label[second]] = label[first]
    return tuple(tuple(int(i) for i in np.flatnonzero(label == value)) for value in dict.fromkeys(int(v) for v in label))


def _pair(first: FloatArray, second: FloatArray) -> float:
    both = np.isfinite(first) & np.isfinite(second)
    if both.sum() < SHORTEST_OVERLAP_DAYS or is_constant(first[both]) or is_constant(second[both]):
        return float("nan")
    one, other = first[both] - first[both].mean(), second[both] - second[both].mean()
    return float(one @ other) / float(np.sqrt((one @ one) * (other @ other)))
