import numpy as np
import pytest

from measures.effective_trials import effective_count, effective_trials
from measures.trial_families import family_of

DRAWS = np.random.default_rng(3).standard_normal((200, 40))


def seeded(count: int, first: int = 0) -> np.ndarray:
    return np.arange(count) == first


def brute(seed: np.ndarray, labels: list[np.ndarray], returns: np.ndarray, threshold: float) -> set[int]:
    """By the whole matrix and repeated joining."""
    correlation = np.abs(np.corrcoef(returns, rowvar=False)) >= threshold
    alike = correlation | np.logical_or.reduce([label[:, None] == label[None, :] for label in labels])
    found = seed
    while (alike[found].any(axis=0) & ~found).any():
        found = found | alike[found].any(axis=0)
    return set(np.flatnonzero(found))


@pytest.mark.parametrize("threshold", [0.2, 0.5, 0.7])
def test_the_closure_is_that_of_the_whole_matrix(threshold: float) -> None:
    returns = DRAWS.copy()
    for column in range(1, 40):
        returns[:, column] += (column % 4) * 0.5 * returns[:, column - 1]
    labels = [np.arange(40) // 3, np.arange(40) % 35]
    for first in range(0, 40, 7):
        found = family_of(seeded(40, first), labels, returns, threshold)
        assert set(np.flatnonzero(found)) == brute(seeded(40, first), labels, returns, threshold)


def test_one_that_never_moves_resembles_nothing() -> None:
    returns = np.column_stack([np.full(200, 0.1), np.full(200, 0.1), DRAWS[:, 0]])
    assert family_of(seeded(3), [np.arange(3)], returns, 0.7).tolist() == [True, False, False]


def test_without_returns_labels_alone_join() -> None:
    found = family_of(seeded(3), [np.array([0, 0, 1])], np.full((0, 3), np.nan), 0.7)
    assert found.tolist() == [True, True, False]


def test_the_effective_count_is_the_effective_rank() -> None:
    expected = effective_trials(np.corrcoef(DRAWS, rowvar=False)).effective_rank
    assert effective_count(DRAWS) == pytest.approx(expected, rel=1e-12)
    wide = DRAWS[:30]
    assert effective_count(wide) == pytest.approx(effective_trials(np.corrcoef(wide, rowvar=False)).effective_rank, rel=1e-9)


def test_copies_are_one_and_what_never_moves_counts_whole() -> None:
    copies = np.column_stack([DRAWS[:, 0], 2 * DRAWS[:, 0], -DRAWS[:, 0]])
    assert effective_count(copies) == pytest.approx(1.0)
    still = np.column_stack([copies, np.zeros(200), np.full(200, np.nan)])
    assert effective_count(still) == pytest.approx(3.0)
