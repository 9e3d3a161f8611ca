import numpy as np
import pytest

from backtest.sweep import BLOCK_MIN, sweep_units
from domain.arrays import FloatArray
from domain.errors import Refused


def by_hand(close: FloatArray, units: FloatArray, fee_rate: float) -> list[float]:
    """Cash and position, one order at a time."""
    totals = []
    for path in units.T:
        cash, held = 0.0, 0.0
        for price, wanted in zip(close, path, strict=True):
            cash -= (wanted - held) * price + abs(wanted - held) * price * fee_rate
            held = wanted
        totals.append(cash + held * close[-1])
    return totals


def test_buy_and_hold_and_a_round_trip() -> None:
    close = np.array([100.0, 110.0, 121.0])
    units = np.array([[1.0, 2.0, 0.0], [1.0, 0.0, -1.0], [1.0, 0.0, -1.0]])
    # 21 - 0.1; 20 - 0.2 - 0.22; -11 - 0.11
    assert sweep_units(close, units, 0.001) == pytest.approx([20.9, 19.58, -11.11])


@pytest.mark.parametrize("paths", [1, 7, 100, 1030])
def test_equals_the_ledger_for_any_number_of_paths(paths: int) -> None:
    random = np.random.default_rng(paths)
    close = 100.0 * np.exp(np.cumsum(random.normal(0, 0.01, 200)))
    units = random.integers(-2, 3, size=(200, paths)).astype(np.float64)
    assert sweep_units(close, units, 0.0005) == pytest.approx(by_hand(close, units, 0.0005), rel=1e-9, abs=1e-9)


def test_the_number_of_threads_changes_no_bit() -> None:
    random = np.random.default_rng(0)
    close, units = 100.0 + random.random(60), random.normal(size=(60, 3 * BLOCK_MIN + 17))
    alone = sweep_units(close, units, 0.001)
    assert [np.array_equal(alone, sweep_units(close, units, 0.001, threads=count)) for count in (2, 3, 8)] == [True] * 3
    assert len(np.unique(alone)) == len(alone)


def test_a_missing_price_is_refused() -> None:
    with pytest.raises(Refused, match="2 of 2 columns"):
        sweep_units(np.array([1.0, np.nan, 1.0]), np.ones((3, 2)), 0.0)


def test_shapes_that_do_not_fit_are_refused() -> None:
    with pytest.raises(Refused, match="of one length above 0"):
        sweep_units(np.ones(3), np.ones((4, 2)), 0.0)
