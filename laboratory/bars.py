"""Hourly bars seen through trades: last price at the bid or the ask, extremes of the path inside the hour, volumes."""

from dataclasses import dataclass, fields

import numpy as np

from domain.arrays import FloatArray
from laboratory.paths import Paths
from laboratory.settings import LaboratorySettings
from laboratory.streams import Purpose, stream

VOLUME_DECIMALS = 3
PRICE_DIGITS = 7
"""Significant digits of the first price: they set the tick of the symbol for good."""


@dataclass(frozen=True)
class Bars:
    """(T, N) prices in USD on the symbol's tick, volumes in base units; no NaN."""

    open: FloatArray
    high: FloatArray
    low: FloatArray
    close: FloatArray
    volume: FloatArray
    taker_buy_volume: FloatArray


def last_hours(bars: Bars, hours: int) -> Bars:
    """The last `hours` of the bars."""
    return Bars(**{field.name: getattr(bars, field.name)[-hours:] for field in fields(Bars)})


def bars_of(paths: Paths, seed: int, settings: LaboratorySettings) -> Bars:
    """The bars that a venue would have published for these paths."""
    open_log, close_log = _traded(paths, seed, settings)
    high_log, low_log = _extremes(open_log, close_log, paths.sigma_hour, seed)
    ticks = price_ticks(settings)
    prices = [on_tick(np.exp(values), ticks) for values in (open_log, high_log, low_log, close_log)]
    volume = np.round(paths.volume_usd / prices[3], VOLUME_DECIMALS)
    taker_buy = np.round(volume * (1.0 + paths.imbalance) / 2.0, VOLUME_DECIMALS)
    return Bars(prices[0], prices[1], prices[2], prices[3], volume, taker_buy)


def price_ticks(settings: LaboratorySettings) -> FloatArray:
    """(N,) decimals of each symbol's price."""
    magnitude = np.floor(np.log10([item.start_price_usd for item in settings.symbols]))
    return np.asarray(PRICE_DIGITS - 1 - magnitude, dtype=np.float64)


def on_tick(prices: FloatArray, decimals: FloatArray) -> FloatArray:
    """(T, N) prices rounded to (N,) decimals, and never below one tick."""
    scale = 10.0**decimals
    return np.asarray(np.maximum(np.round(prices * scale), 1.0) / scale, dtype=np.float64)


def _traded(paths: Paths, seed: int, settings: LaboratorySettings) -> tuple[FloatArray, FloatArray]:
    """(T, N) logs of the first and the last trade: the mid, half a spread up or down by the side of the trade."""
    generator = stream(seed, Purpose.BOUNCE)
    half_spread = np.array([item.half_spread_bps for item in settings.symbols]) / 10_000.0
    before = np.vstack([paths.log_start, paths.log_price[:-1]])
    sides = generator.integers(0, 2, size=(len(before), 2, before.shape[1])) * 2 - 1
    return before + half_spread * sides[:, 0], paths.log_price + half_spread * sides[:, 1]


def _extremes(open_log: FloatArray, close_log: FloatArray, sigma: FloatArray, seed: int) -> tuple[FloatArray, FloatArray]:
    """(T, N) highest and lowest log price, each with the law of a Brownian bridge's extreme between open and close."""
    uniform = stream(seed, Purpose.EXTREMES).random((len(sigma), 2, sigma.shape[1]))
    move = (close_log - open_log)[:, None]
    reach = np.sqrt(move**2 - 2.0 * sigma[:, None] ** 2 * np.log1p(-uniform))
    middle = open_log + close_log
    return (middle + reach[:, 0]) / 2.0, (middle - reach[:, 1]) / 2.0
