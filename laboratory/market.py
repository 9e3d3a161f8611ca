"""The simulated market of one seed: what the lake must know of it at the cycle, and what was planted in it."""

from dataclasses import dataclass

import numpy as np

from domain.arrays import FloatArray
from domain.errors import Refused
from domain.market import SIMULATED_VENUE, Market, Panel
from domain.times import US_PER_DAY, US_PER_HOUR
from laboratory.bars import Bars, bars_of
from laboratory.defects import Defects, listed, open_times_us, place, with_flat_bar
from laboratory.funding import STAMP_HOURS, funding_rates
from laboratory.paths import simulate
from laboratory.settings import LaboratorySettings
from laboratory.truth import Truth, planted

MARKET = Market.LINEAR
INTERVAL_US = US_PER_HOUR


@dataclass(frozen=True)
class SimulatedMarket:
    """Everything simulated for one seed and one end; `deliveries` and `pods` are made from it."""

    seed: int
    closes_us: int
    settings: LaboratorySettings
    panel: Panel
    """As known at the cycle: revisions applied, NaN in the gap and after the delisting."""
    truth: Truth
    bars: Bars
    """What happened, (T, N), before anything is lost or misstated on the way."""
    funding_rate: FloatArray
    """(S, N) by stamp, eight hours apart, from the first bar's opening time on."""
    defects: Defects


def generate(seed: int, closes_us: int, settings: LaboratorySettings) -> SimulatedMarket:
    """The market of this seed, whose last hourly bar closes at `closes_us`.

    The seed and the settings decide every value; another `closes_us` moves the same paths in time.
    Raises Refused where `closes_us` is not a UTC midnight or the seed is negative.
    """
    if closes_us % US_PER_DAY:
        raise Refused(f"laboratory: expected closes_us at a UTC midnight, got {closes_us}; pass Cycle.closes_us")
    if seed < 0:
        raise Refused(f"laboratory: expected a seed of 0 or more, got {seed}")
    defects = place(settings, closes_us)
    bars = with_flat_bar(bars_of(simulate(seed, settings), seed, settings), defects)
    rates = funding_rates(seed, settings)
    return SimulatedMarket(
        seed=seed,
        closes_us=closes_us,
        settings=settings,
        panel=_panel(settings, closes_us, bars, rates, defects),
        truth=planted(seed, closes_us, settings, defects),
        bars=bars,
        funding_rate=rates,
        defects=defects,
    )


def _panel(settings: LaboratorySettings, closes_us: int, bars: Bars, rates: FloatArray, defects: Defects) -> Panel:
    absent = ~listed(defects, bars.close.shape)

    def known(values: FloatArray) -> FloatArray:
        return np.where(absent, np.nan, values)

    return Panel(
        venue=SIMULATED_VENUE,
        market=MARKET,
        interval_us=INTERVAL_US,
        symbols=tuple(item.symbol for item in settings.symbols),
        open_time_us=open_times_us(settings, closes_us),
        open=known(bars.open),
        high=known(bars.high),
        low=known(bars.low),
        close=known(bars.close),
        volume=known(bars.volume),
        taker_buy_volume=known(bars.taker_buy_volume),
        funding_rate=_funding_by_bar(rates, bars.close.shape, defects),
    )


def _funding_by_bar(rates: FloatArray, shape: tuple[int, ...], defects: Defects) -> FloatArray:
    """(T, N) rate in the bar that opens at the stamp, 0 in the bars between, NaN once the contract is gone.

    A gap of bars is no gap of funding: the vendor delivers the two apart.
    """
    by_bar = np.zeros(shape)
    by_bar[::STAMP_HOURS] = rates
    by_bar[defects.delisted_row :, defects.delisted_column] = np.nan
    return by_bar
