"""The simulated market of one seed: what the lake must know of it at the cycle, and what was planted in it.

The market has one history. It begins at `origin` and does not depend on the cycle: a later cycle moves the window of two
years along it, so that a home which is run every day is told new rows only, and every value on the overlap of two windows is
the same to the last bit. Defects and the moments at which they became known lie at dates of their own, in the history: no
New Year and no cycle moves them, and a window that has left a defect behind is without it; a contract that was delisted
before the window began is not in it at all. Another seed, origin, contract or premium is another history and needs another
home: told both, a lake keeps both as facts and finds a conflict in every row.
"""

from dataclasses import dataclass

import numpy as np

from domain.arrays import FloatArray
from domain.errors import Refused
from domain.market import SIMULATED_VENUE, Market, Panel
from domain.times import US_PER_HOUR
from laboratory.bars import Bars, bars_of, last_hours
from laboratory.defects import Defects, as_known, listed, place, with_flat_bar
from laboratory.funding import STAMP_HOURS, funding_rates
from laboratory.paths import simulate
from laboratory.settings import LaboratorySettings
from laboratory.truth import Truth, planted
from laboratory.window import Window, window_of

MARKET = Market.LINEAR
INTERVAL_US = US_PER_HOUR


@dataclass(frozen=True)
class SimulatedMarket:
    """Everything simulated for one seed and one end; `deliveries` and `pods` are made from it."""

    seed: int
    settings: LaboratorySettings
    window: Window
    panel: Panel
    """As known at the cycle: known revisions applied, NaN in the gap and after the delisting; symbols that have any bar."""
    truth: Truth
    bars: Bars
    """What happened in the window, (T, N) for all symbols of the settings, before anything is lost or misstated on the way."""
    funding_rate: FloatArray
    """(S, N) by stamp of the window, eight hours apart, from the first bar's opening time on."""
    defects: Defects


def generate(seed: int, closes_us: int, settings: LaboratorySettings) -> SimulatedMarket:
    """The market of this seed, whose last hourly bar closes at `closes_us`.

    The seed and the settings decide the history, `closes_us` which part of it is seen.
    Raises Refused where `closes_us` is not a UTC midnight or too soon after the origin, or the seed is negative.
    """
    if seed < 0:
        raise Refused(f"laboratory: expected a seed of 0 or more, got {seed}")
    window = window_of(settings, closes_us)
    defects = place(settings, window)
    bars = last_hours(_history(seed, window.since_origin, settings), window.hours)
    rates = funding_rates(seed, window.hours_since_origin // STAMP_HOURS, settings)[-(window.hours // STAMP_HOURS) :]
    return SimulatedMarket(
        seed=seed,
        settings=settings,
        window=window,
        panel=_panel(settings, window, bars, rates, defects),
        truth=planted(seed, settings, window, defects),
        bars=bars,
        funding_rate=rates,
        defects=defects,
    )


def _history(seed: int, window: Window, settings: LaboratorySettings) -> Bars:
    return with_flat_bar(bars_of(simulate(seed, window.hours, settings), seed, settings), place(settings, window))


def _panel(settings: LaboratorySettings, window: Window, bars: Bars, rates: FloatArray, defects: Defects) -> Panel:
    present = listed(defects, bars.close.shape)
    bars = as_known(bars, defects, settings)

    def known(values: FloatArray) -> FloatArray:
        return np.where(present, values, np.nan)

    everything = Panel(
        venue=SIMULATED_VENUE,
        market=MARKET,
        interval_us=INTERVAL_US,
        symbols=tuple(item.symbol for item in settings.symbols),
        open_time_us=window.open_time_us,
        open=known(bars.open),
        high=known(bars.high),
        low=known(bars.low),
        close=known(bars.close),
        volume=known(bars.volume),
        taker_buy_volume=known(bars.taker_buy_volume),
        funding_rate=_funding_by_bar(rates, bars.close.shape, defects),
    )
    return everything.pick(tuple(np.array(everything.symbols)[present.any(axis=0)].tolist()))


def _funding_by_bar(rates: FloatArray, shape: tuple[int, ...], defects: Defects) -> FloatArray:
    """(T, N) rate in the bar that opens at the stamp, 0 in the bars between, NaN once the contract is gone.

    A gap of bars is no gap of funding: the vendor delivers the two apart.
    """
    by_bar = np.zeros(shape)
    by_bar[::STAMP_HOURS] = rates
    by_bar[slice(*defects.delisted_rows), defects.delisted_column] = np.nan
    return by_bar
