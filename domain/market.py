"""What is traded, and the rectangular view of it that research works on."""

from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np

from domain.arrays import FloatArray, IntArray
from domain.times import US_PER_DAY


class Market(StrEnum):
    """How an instrument pays: coins (spot), USD-margined (linear) or coin-margined (inverse) contracts."""

    SPOT = "spot"
    LINEAR = "linear"
    INVERSE = "inverse"


SIMULATED_VENUE = "sim"
"""The laboratory's venue: whatever comes from it is labelled as simulated wherever it is shown."""


@dataclass(frozen=True)
class Panel:
    """Bars of many symbols of one venue, market and interval on one regular time grid.

    Prices and volumes are (T, N) float64, NaN where the lake has no bar. `open_time_us` is (T,) and
    rises by `interval_us`. Volumes are in base units; `taker_buy_volume` is NaN where no source carries it.
    `funding_rate` is (T, N): the rates stamped inside the bar, summed, a fraction of notional paid by longs;
    0 where a funding series covers the bar and has no stamp in it, NaN where no series covers it.
    """

    venue: str
    market: Market
    interval_us: int
    symbols: tuple[str, ...]
    open_time_us: IntArray
    open: FloatArray
    high: FloatArray
    low: FloatArray
    close: FloatArray
    volume: FloatArray
    taker_buy_volume: FloatArray
    funding_rate: FloatArray

    def __post_init__(self) -> None:
        shape = (len(self.open_time_us), len(self.symbols))
        for name in ("open", "high", "low", "close", "volume", "taker_buy_volume", "funding_rate"):
            got = getattr(self, name).shape
            if got != shape:
                raise ValueError(f"Panel.{name}: expected shape {shape} (bars, symbols), got {got}")

    @property
    def simulated(self) -> bool:
        return self.venue == SIMULATED_VENUE

    @property
    def bars_per_day(self) -> int:
        return int(US_PER_DAY // self.interval_us)

    @property
    def close_time_us(self) -> IntArray:
        """(T,) the moment at which each bar is complete."""
        return self.open_time_us + self.interval_us

    def pick(self, symbols: tuple[str, ...]) -> "Panel":
        """The same panel with these symbols only, in this order."""
        columns = np.array([self.symbols.index(symbol) for symbol in symbols], dtype=np.int64)
        fields = ("open", "high", "low", "close", "volume", "taker_buy_volume", "funding_rate")
        return replace(self, symbols=symbols, **{name: getattr(self, name)[:, columns] for name in fields})
