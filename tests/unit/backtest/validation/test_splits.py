from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from purgedcv import CombinatorialPurgedCV

from backtest.validation.splits import (
    combinatorial_splits,
    count_paths,
    count_splits,
    groups_of,
    path_table,
    training_rows,
    walk_forward_splits,
)
from domain.errors import Refused


@pytest.mark.parametrize(("n", "groups", "tested", "horizon", "embargo"), [(24, 6, 2, 2, 0), (50, 7, 3, 4, 3), (31, 5, 1, 1, 6)])
def test_splits_agree_with_purgedcv(n: int, groups: int, tested: int, horizon: int, embargo: int) -> None:
    start = pd.Series(pd.date_range("2024-01-01", periods=n, freq="D"))
    oracle = CombinatorialPurgedCV(
        n_splits=groups,
        n_test_groups=tested,
        prediction_times=start,
        evaluation_times=start + pd.Timedelta(days=horizon),
        embargo_observations=embargo or None,
    )
    theirs = [(train.tolist(), test.tolist()) for train, test in oracle.split(np.zeros((n, 1)))]
    ours = [(one.train.tolist(), one.test.tolist()) for one in combinatorial_splits(n, groups, tested, horizon, embargo=embargo)]
    assert ours == theirs
    assert len(ours) == count_splits(groups, tested)


def overlaps(row: int, test: list[int], horizon: int, *, closed: bool) -> bool:
    """Whether two label intervals meet, by their very definition."""
    for other in test:
        low, high = max(row, other), min(row, other) + horizon
        if low < high or (closed and low == high) or row == other:
            return True
    return False


@pytest.mark.parametrize("closed", [False, True])
@pytest.mark.parametrize("horizon", [0, 1, 3])
def test_purging_is_what_the_intervals_say(horizon: int, closed: bool) -> None:
    test = [4, 5, 6, 12, 13]
    expected = [row for row in range(20) if not overlaps(row, test, horizon, closed=closed)]
    assert training_rows(20, np.array(test), horizon, closed=closed).tolist() == expected


def test_between_two_blocks_each_is_purged_on_its_own() -> None:
    assert training_rows(30, np.array([5, 20]), 2).tolist() == [0, 1, 2, 3, *range(7, 19), *range(22, 30)]


def test_every_path_holds_every_group_once_and_every_split_is_used() -> None:
    for groups, tested in ((6, 2), (5, 3), (4, 1)):
        table = path_table(groups, tested)
        chosen = list(combinations(range(groups), tested))
        assert table.shape == (count_paths(groups, tested), groups)
        uses = np.zeros(len(chosen), dtype=int)
        for path in table:
            for group, split in enumerate(path):
                assert group in chosen[split]
                uses[split] += 1
        assert uses.tolist() == [tested] * len(chosen)


def test_walks_leave_the_gap_and_cover_the_rest_once() -> None:
    for anchored in (False, True):
        walks = list(walk_forward_splits(23, 8, 4, anchored=anchored, gap=2))
        assert np.concatenate([walk.test for walk in walks]).tolist() == list(range(10, 23))
        for walk in walks:
            assert walk.train[-1] + 1 + 2 == walk.test[0]
            assert len(walk.train) == (walk.test[0] - 2 if anchored else 8)


def test_bad_counts_are_refused() -> None:
    with pytest.raises(Refused, match="test rows"):
        training_rows(10, np.array([10]), 1)
    with pytest.raises(Refused, match="groups"):
        groups_of(3, 4)
    with pytest.raises(Refused, match="to fit"):
        list(walk_forward_splits(10, 9, 1, anchored=True, gap=1))
