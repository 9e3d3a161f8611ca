import numpy as np
import pytest

from measures.drawdown import deepest_drawdown, equity, max_drawdown, total_return, underwater

# wealth 1.1, 0.88, 0.968, 1.21, 1.089
PATH = [0.10, -0.20, 0.10, 0.25, -0.10]


def test_equity_compounds() -> None:
    np.testing.assert_allclose(equity(PATH), [1.1, 0.88, 0.968, 1.21, 1.089])
    assert total_return(PATH) == pytest.approx(0.089)


def test_underwater_is_measured_from_the_running_peak() -> None:
    np.testing.assert_allclose(underwater(PATH), [0, 0.2, 0.12, 0, 0.1], atol=1e-15)


def test_deepest_fall_names_peak_trough_and_recovery() -> None:
    found = deepest_drawdown(PATH)
    assert found is not None
    assert (found.peak, found.trough, found.recovered) == (0, 1, 3)
    assert max_drawdown(PATH) == pytest.approx(0.2)


def test_a_loss_from_the_start_counts_against_the_starting_capital() -> None:
    found = deepest_drawdown([-0.3, 0.1])
    assert found is not None
    assert (found.depth, found.peak, found.recovered) == (pytest.approx(0.3), -1, None)


def test_ruin_stays_ruin() -> None:
    assert max_drawdown([0.5, -1.2, 0.4]) == 1.0
    assert total_return([0.5, -1.2, 0.4]) == -1.0


def test_rising_wealth_has_no_drawdown_and_no_returns_have_none() -> None:
    assert max_drawdown([0.01, 0.0, 0.02]) == 0.0
    assert max_drawdown([]) is None
    assert total_return([]) is None
