import numpy as np
import pytest

from domain.errors import Refused
from measures.effective_trials import effective_trials


def equicorrelated(n: int, rho: float) -> np.ndarray:
    return np.full((n, n), rho) + (1 - rho) * np.eye(n)


def test_independent_trials_count_whole_and_copies_count_once() -> None:
    for found, expected in ((effective_trials(np.eye(7)), 7.0), (effective_trials(np.ones((7, 7))), 1.0)):
        assert found.effective_rank == pytest.approx(expected)
        assert found.participation_ratio == pytest.approx(expected)
        assert found.mean_correlation_rule == pytest.approx(expected)


def test_equal_correlation_in_closed_form() -> None:
    # Eigenvalues 1 + 3 x 0.5 = 2.5 and three times 0.5; their sum is 4.
    found = effective_trials(equicorrelated(4, 0.5))
    assert found.participation_ratio == pytest.approx(16 / (2.5**2 + 3 * 0.25))
    assert found.mean_correlation_rule == pytest.approx(0.5 + 0.5 * 4)
    shares = np.array([2.5, 0.5, 0.5, 0.5]) / 4
    assert found.effective_rank == pytest.approx(np.exp(-np.sum(shares * np.log(shares))))


def test_undefined_correlation_is_refused() -> None:
    with pytest.raises(Refused, match="constant trials"):
        effective_trials(np.array([[1.0, np.nan], [np.nan, 1.0]]))
