"""Which trials are one search: those that share a label, and those whose returns say that they are the same bet."""

from collections.abc import Sequence

import numpy as np

from domain.arrays import BoolArray, FloatArray, IntArray

OVERLAP_DAYS_MIN = 60
"""Fewer common days say nothing about two trials."""
_BLOCK = 256


def family_of(seed: BoolArray, labels: Sequence[IntArray], daily_return: FloatArray, threshold: float) -> BoolArray:
    """(N,) the whole family of the trials in `seed`: its closure under common labels and correlated returns.

    labels: each (N,), equal numbers belong together. daily_return: (D, N), NaN where a trial has no day; one without returns is
    joined by its labels alone. Two are the same bet where the absolute correlation of their common days, each about its own
    mean, is at least `threshold`: the opposite of a bet was searched with it. Closed on purpose: a family that is split into
    parts, or sold under another name, stays one as long as any of its trials resembles any other.
    """
    found = seed.copy()
    returns = _Correlations(daily_return)
    frontier = np.flatnonzero(found)
    while frontier.size:
        joined = np.zeros_like(found)
        for label in labels:
            joined |= np.isin(label, label[frontier])
        for first in range(0, frontier.size, _BLOCK):
            rest = np.flatnonzero(~(found | joined))
            joined[rest] |= returns.linked(frontier[first : first + _BLOCK], rest, threshold)
        frontier = np.flatnonzero(joined & ~found)
        found |= joined
    return found


class _Correlations:
    """Correlations of chosen columns, a block at a time: the whole matrix of a large desk does not fit."""

    def __init__(self, daily_return: FloatArray) -> None:
        self._known = np.isfinite(daily_return)
        days = self._known.sum(axis=0)
        values = np.where(self._known, daily_return, 0.0)
        mean = values.sum(axis=0) / np.maximum(days, 1)
        self._values = np.where(self._known, values - mean, 0.0)
        # A column that moves by rounding alone never moves.
        still = np.abs(self._values).max(axis=0, initial=0.0) <= 1e-12 * np.maximum(1.0, np.abs(mean))
        self._values[:, still] = 0.0

    def linked(self, some: IntArray, others: IntArray, threshold: float) -> BoolArray:
        """(len(others),) whether each is the same bet as any of `some`."""
        x, y = self._values[:, some], self._values[:, others]
        known_x, known_y = self._known[:, some].astype(np.float64), self._known[:, others].astype(np.float64)
        size = (x**2).T @ known_y * (known_x.T @ y**2)
        near = (np.abs(x.T @ y) >= threshold * np.sqrt(size)) & (size > 0) & (known_x.T @ known_y >= OVERLAP_DAYS_MIN)
        return np.asarray(near.any(axis=0), dtype=np.bool_)
