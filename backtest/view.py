"""What a strategy sees of a panel."""

from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from domain.arrays import FloatArray
from domain.market import Panel
from domain.strategy import Parameters, View

Kind = TypeVar("Kind", bound=np.generic)


def view_of(panel: Panel, daily_volatility: FloatArray, params: Parameters) -> View:
    """The bars of a panel beside the central volatility forecast, (T, N), and the parameters of one configuration.

    The arrays are read-only windows on the panel's: a strategy cannot change what the next one sees.
    """
    return View(
        symbols=panel.symbols,
        interval_us=panel.interval_us,
        open_time_us=_sealed(panel.open_time_us),
        open=_sealed(panel.open),
        high=_sealed(panel.high),
        low=_sealed(panel.low),
        close=_sealed(panel.close),
        volume=_sealed(panel.volume),
        taker_buy_volume=_sealed(panel.taker_buy_volume),
        funding_rate=_sealed(panel.funding_rate),
        daily_volatility=_sealed(daily_volatility),
        params=dict(params),
    )


def _sealed(array: NDArray[Kind]) -> NDArray[Kind]:
    window = array.view()
    window.flags.writeable = False
    return window
