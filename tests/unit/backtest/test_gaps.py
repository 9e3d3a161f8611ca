"""What is made over missing bars: one symbol's is the data's fault, everybody's is a halt."""

import numpy as np
import pytest

from backtest.gaps import gap_returns
from backtest.kernel_data import PRICE
from backtest.run import simulate_panel
from backtest.sizing import Targets
from tests.unit.backtest.markets import panel_of
from tests.unit.backtest.test_margin import CAPITAL, TAKER, free


def test_moves_over_gaps_are_told_apart() -> None:
    """
    Two symbols at 100 and 0.5 x 100,000 long each: 500 units. Hours 30 and 31 of the first are missing, it returns at 98: -1,000.
    Hour 60 is missing everywhere, they return at 98 - 4 and 100 + 2: -2,000 and +1,000.
    """
    closes = np.full((96, 2), 100.0)
    closes[32:, 0] = 98.0
    closes[61:, 0], closes[61:, 1] = 94.0, 102.0
    closes[30:32, 0] = np.nan
    closes[60] = np.nan
    panel = panel_of(closes, interval_hours=1, volume=1e9)
    opens = panel.open.copy()
    opens[32, 0], opens[61] = 98.0, [94.0, 102.0]
    panel.open[:] = opens
    weight = np.full(closes.shape, np.nan)
    weight[26] = 0.5
    targets = Targets(weight, np.zeros_like(weight), np.ones(96, dtype=np.bool_))
    simulated = simulate_panel(panel, targets, free(), TAKER, capital_usd=CAPITAL, daily_volatility=np.full(closes.shape, 0.02))
    data, halt = gap_returns(panel, simulated, capital_usd=CAPITAL)
    assert data == pytest.approx([0, -0.01, 0, 0])
    assert halt == pytest.approx([0, 0, -0.01, 0])
    assert simulated.component[:, PRICE].sum() / CAPITAL == pytest.approx(-0.02)  # nothing else moved
