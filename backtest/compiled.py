"""Compile the kernels ahead of time, so that the first run does not wait for it."""

import numpy as np

from backtest.kernel import simulate
from backtest.kernel_data import Bars, Terms, Wanted
from backtest.sweep import sweep_units
from measures.ewma import ewma


def warm_up() -> None:
    """Call each kernel once on two bars: numba keeps what it compiled beside the source, for this and later processes."""
    prices = np.ones((2, 1))
    free = Terms(1.0, 0, 1.0, 1.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1)
    wanted = Wanted(np.zeros((2, 1)), np.zeros((2, 1)), np.ones(2, dtype=np.bool_))
    simulate(Bars(prices, prices, prices, prices, prices), wanted, np.zeros(1), free)
    sweep_units(prices[:, 0], prices, 0.0)
    ewma(prices, 0.5)
