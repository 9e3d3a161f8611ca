"""What positions made over bars that were not there."""

import numpy as np

from backtest.days import whole_days
from backtest.kernel_data import Simulated
from domain.arrays import BoolArray, FloatArray
from domain.market import Panel


def gap_returns(panel: Panel, simulated: Simulated, *, capital_usd: float) -> tuple[FloatArray, FloatArray]:
    """(D,) fractions of capital made over gaps, by whole UTC day of the bar after the gap: where one symbol lacks its bars
    (`data`), and where no symbol has any (`halt`: the market stood still).

    The move is from the last known price to the next open, on the position that nobody could change meanwhile. A gap in which
    both happen counts as a halt.
    """
    there = np.isfinite(panel.open) & np.isfinite(panel.close)
    after, halted = _first_after_gap(there)
    mark = np.vstack([np.full((1, len(panel.symbols)), np.nan), simulated.mark[:-1]])
    carried = np.vstack([np.zeros((1, len(panel.symbols))), simulated.units[:-1]])
    made = np.where(after & (carried != 0.0), carried * (panel.open - mark), 0.0)
    days, inside = whole_days(panel)

    def daily(where: BoolArray) -> FloatArray:
        bars = np.where(where, made, 0.0).sum(axis=1)[inside]
        return np.asarray(bars.reshape(len(days), panel.bars_per_day).sum(axis=1) / capital_usd)

    return daily(~halted), daily(halted)


def _first_after_gap(there: BoolArray) -> tuple[BoolArray, BoolArray]:
    """(T, N) bars that follow a gap in their symbol, and those of them in whose gap all symbols were missing at once."""
    row = np.arange(len(there))[:, None]
    last = np.maximum.accumulate(np.where(there, row, -1), axis=0)
    before = np.vstack([np.full((1, there.shape[1]), -1), last[:-1]])
    after = there & (before >= 0) & (before < row - 1)
    still = np.concatenate([[0], np.cumsum(~there.any(axis=1))])
    halted = after & (still[row] - still[np.maximum(before, 0) + 1] > 0)
    return after, halted
