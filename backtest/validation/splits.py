"""Which rows may train a choice that other rows judge: purged, embargoed, combinatorial, walking forward.

A row i carries a label that needs the bars [i, i + h) (or [i, i + h] where intervals are closed). Each contiguous test block is
purged on its own, not the hull of all; the embargo counts rows from a test block's end.
Source: Lopez de Prado (2018), Advances in Financial Machine Learning, chapters 7 and 12.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from math import comb

import numpy as np

from domain.arrays import IntArray
from domain.errors import Refused


@dataclass(frozen=True)
class Split:
    """Rows, rising; `groups` are those tested."""

    groups: tuple[int, ...]
    train: IntArray
    test: IntArray


def training_rows(n: int, test: IntArray, horizon: int, *, embargo: int = 0, closed: bool = False) -> IntArray:
    """Rows of n that may train where `test` (rising) is held out: no label overlaps a test label, none begins in an embargo.

    Raises Refused where the test rows do not lie in 0..n-1 or a count is negative.
    """
    if horizon < 0 or embargo < 0 or not test.size or test[0] < 0 or test[-1] >= n:
        raise Refused(f"expected test rows within 0..{n - 1} and horizon and embargo of 0 or more, got {horizon} and {embargo}")
    row, free = np.arange(n), np.ones(n, dtype=np.bool_)
    for first, last in _blocks(test):
        reach = horizon + closed
        after = max(last + max(reach, 1), last + 1 + embargo)
        free &= (row + reach <= first) | (row >= after)
        free[first : last + 1] = False
    return np.flatnonzero(free)


def groups_of(n: int, groups: int) -> list[IntArray]:
    """n rows cut into contiguous groups whose sizes differ by one at most, the larger ones first."""
    if not 1 <= groups <= n:
        raise Refused(f"expected from 1 to {n} groups of {n} rows, got {groups}")
    return [part.astype(np.int64) for part in np.array_split(np.arange(n), groups)]


def combinatorial_split(n: int, groups: int, tested: Sequence[int], horizon: int, *, embargo: int = 0) -> Split:
    """One choice of test groups, half-open labels."""
    parts = groups_of(n, groups)
    test = np.concatenate([parts[group] for group in sorted(tested)])
    return Split(tuple(sorted(tested)), training_rows(n, test, horizon, embargo=embargo), test)


def combinatorial_splits(n: int, groups: int, tested: int, horizon: int, *, embargo: int = 0) -> Iterator[Split]:
    """Every choice of `tested` of the groups, in lexicographic order: C(groups, tested) splits."""
    for chosen in combinations(range(groups), tested):
        yield combinatorial_split(n, groups, chosen, horizon, embargo=embargo)


def count_splits(groups: int, tested: int) -> int:
    """C(N, k)."""
    return comb(groups, tested)


def count_paths(groups: int, tested: int) -> int:
    """Complete out-of-sample paths: k / N C(N, k) = C(N - 1, k - 1). They share data: never observations of a t-test."""
    return comb(groups - 1, tested - 1)


def path_table(groups: int, tested: int) -> IntArray:
    """(paths, groups) the split that stands for each group on each path: the p-th one that tests it, in lexicographic order."""
    table = np.empty((count_paths(groups, tested), groups), dtype=np.int64)
    met = [0] * groups
    for number, chosen in enumerate(combinations(range(groups), tested)):
        for group in chosen:
            table[met[group], group] = number
            met[group] += 1
    return table


def walk_forward_splits(n: int, train: int, test: int, *, anchored: bool, gap: int = 0) -> Iterator[Split]:
    """Train on `train` rows (or, anchored, on all before), leave `gap` rows out (label and embargo), test on the next `test`.

    The last test may be shorter. Raises Refused where not even one row is left to test.
    """
    if train < 1 or test < 1 or gap < 0 or train + gap >= n:
        raise Refused(f"expected {train} training rows, a gap of {gap} and a test of {test} to fit into {n} rows")
    for number, first in enumerate(range(train + gap, n, test)):
        begin = 0 if anchored else first - gap - train
        yield Split((number,), np.arange(begin, first - gap), np.arange(first, min(first + test, n)))


def _blocks(rows: IntArray) -> list[tuple[int, int]]:
    """First and last row of each contiguous stretch."""
    edges = np.flatnonzero(np.diff(rows) > 1)
    return list(zip(rows[np.r_[0, edges + 1]].tolist(), rows[np.r_[edges, rows.size - 1]].tolist(), strict=True))
