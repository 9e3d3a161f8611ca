"""Return streams that are stated rather than simulated by trading: the decayed edge and the slow market maker.

The noise of a day and what it holds of the market are that day's, whatever the cycle. The edge ends after two thirds of the
window, so that every cycle finds it gone for eight months: it alone is retold from one cycle to the next, by a day.
"""

import numpy as np

from domain.arrays import FloatArray
from domain.market import Market
from domain.strategy import ExecutionIntent, Manifest, Style
from domain.times import DAYS_PER_YEAR
from laboratory.market import SimulatedMarket
from laboratory.processes import heavy_tailed
from laboratory.streams import Purpose, stream

EDGE_SHARE = 2.0 / 3.0
"""Share of the sample in which the decayed edge was alive: 16 of 24 months."""
EDGE_SHARPE_ANNUAL = 9.0
AFTER_SHARPE_ANNUAL = -2.0
"""Costs go on when the edge is gone."""
EDGE_VOLATILITY_ANNUAL = 0.12
EDGE_BETA = 0.03

MAKER_SHARPE_ANNUAL = 5.0
MAKER_VOLATILITY_ANNUAL = 0.05
MAKER_BETA = 0.01

TAIL_DEGREES = 6.0
RETURN_DECIMALS = 10

DECAYED_EDGE = Manifest(
    name="stated-decayed-edge",
    version=1,
    authors=("Laboratory",),
    description="A cross-sectional signal that many have found since: strong until it was crowded out.",
    style=Style.CROSS_SECTIONAL,
    execution=ExecutionIntent(maker_share_min=0.5, maker_share_max=1.0),
    universe="all",
    markets={Market.LINEAR: "long_short"},
    horizon_hours=24,
    decide_every_hours=24,
    lookback_bars=240,
    trials_elsewhere=1,
)

SLOW_MAKER = Manifest(
    name="stated-slow-maker",
    version=1,
    authors=("Laboratory",),
    description="Quotes both sides of the book and cancels too late to escape those who know more.",
    style=Style.MARKET_MAKING,
    execution=ExecutionIntent(maker_share_min=0.9, maker_share_max=1.0),
    universe="all",
    markets={Market.LINEAR: "long_short"},
    horizon_hours=1,
    decide_every_hours=1,
    lookback_bars=24,
    trials_elsewhere=1,
)


def decayed_edge_returns(market: SimulatedMarket, seed: int) -> FloatArray:
    """(D,) daily net returns by UTC day: `EDGE_SHARPE_ANNUAL` for `EDGE_SHARE` of the days, then `AFTER_SHARPE_ANNUAL`."""
    days = market.settings.days
    alive = np.arange(days) < round(EDGE_SHARE * days)
    sharpe = np.where(alive, EDGE_SHARPE_ANNUAL, AFTER_SHARPE_ANNUAL)
    return _returns(market, stream(seed, Purpose.DECAYED_EDGE), sharpe, EDGE_VOLATILITY_ANNUAL, EDGE_BETA)


def slow_maker_returns(market: SimulatedMarket, seed: int) -> FloatArray:
    """(D,) daily net returns by UTC day at `MAKER_SHARPE_ANNUAL` throughout."""
    sharpe = np.full(market.settings.days, MAKER_SHARPE_ANNUAL)
    return _returns(market, stream(seed, Purpose.SLOW_MAKER), sharpe, MAKER_VOLATILITY_ANNUAL, MAKER_BETA)


def _returns(
    market: SimulatedMarket, generator: np.random.Generator, sharpe_annual: FloatArray, volatility_annual: float, beta: float
) -> FloatArray:
    volatility = volatility_annual / np.sqrt(DAYS_PER_YEAR)
    days_since_origin = market.window.hours_since_origin // 24
    own = heavy_tailed(generator, (days_since_origin, 1), TAIL_DEGREES)[-len(sharpe_annual) :, 0]
    alpha = sharpe_annual / np.sqrt(DAYS_PER_YEAR)
    return np.asarray(np.round(volatility * (alpha + own) + beta * _factor_daily(market), RETURN_DECIMALS), dtype=np.float64)


def _factor_daily(market: SimulatedMarket) -> FloatArray:
    """(D,) returns of the factor from the first trade of a day to the last: of that day alone."""
    return np.asarray(market.bars.close[23::24, 0] / market.bars.open[::24, 0] - 1.0)
