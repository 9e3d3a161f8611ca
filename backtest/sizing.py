"""From predictions to target weights: Carver's volatility-targeted position sizing, everything known at the time."""

from dataclasses import dataclass

import numpy as np

from backtest.days import daily_closes, daily_returns, known_next_day
from domain.arrays import BoolArray, FloatArray, IntArray
from domain.errors import Refused
from domain.market import Market, Panel
from domain.strategy import Manifest
from domain.times import DAYS_PER_YEAR, US_PER_HOUR
from measures.sizing import AVERAGE_FORECAST, FORECAST_CAP, MULTIPLIER_CAP

BUFFER = 0.1
"""Half-width of the no-trade zone, as a share of the average position (Carver 2015)."""
WARM_UP_DAYS = 10
"""Days of predictions before the first position: until then the scale of a forecast is not known."""
HALT_DAYS = 3
"""Days without a bar after which a symbol counts as gone."""
CORRELATION_DAYS_MIN = 30
LEVERAGE_MAX = {Market.SPOT: 1.0, Market.LINEAR: 4.0}
"""Largest gross exposure over capital: coins are paid for in full, contracts are margined."""


@dataclass(frozen=True)
class Targets:
    """What a strategy wants to hold; arrays are (T, N), multiples of capital, signed."""

    weight: FloatArray
    """Decided at the close of bar t; NaN keeps what was wanted before."""
    buffer: FloatArray
    """Half-width of the zone around the weight in which no order is sent."""
    decides: BoolArray
    """(T,) bars at whose close a decision is taken."""

    @classmethod
    def every_bar(cls, weight: FloatArray) -> "Targets":
        """Targets decided at every bar and followed exactly."""
        return cls(weight, np.zeros_like(weight), np.ones(len(weight), dtype=np.bool_))


def target_weights(
    panel: Panel,
    prediction: FloatArray,
    daily_volatility: FloatArray,
    manifest: Manifest,
    *,
    volatility_target_annual: float,
) -> Targets:
    """Weight = tau * IDM / N_active * (f / 10) / sigma_annual, with f the prediction in units of its own risk, scaled and capped.

    prediction, daily_volatility: (T, N), known at the close of bar t; see `forecasts` for f and `diversification` for IDM.
    N_active counts the symbols with an opinion. NaN prediction: weight 0; no bar: the weight of before, for `HALT_DAYS`.
    Raises Refused where the manifest trades neither this market nor any symbol of the panel.
    Source: Carver, Systematic Trading (2015), chapters 7 to 12; 365 days a year.
    """
    short = _may_short(panel.market, manifest)
    opinion = np.where(_traded(panel, manifest), prediction, np.nan)
    forecast = forecasts(opinion, daily_volatility, manifest.horizon_hours / 24.0, panel.bars_per_day)
    if not short:
        forecast = np.maximum(forecast, 0.0)
    active = np.isfinite(forecast)
    count = np.maximum(active.sum(axis=1, keepdims=True), 1)
    budget = volatility_target_annual / np.sqrt(DAYS_PER_YEAR) * diversification(panel, count[:, 0])[:, None] / count
    average = np.where(active, budget / np.where(active, daily_volatility, 1.0), 0.0)
    weight = np.where(active, average * forecast / AVERAGE_FORECAST, 0.0)
    decides = decision_bars(panel, manifest.decide_every_hours)
    chosen, live = _latest_decision(panel, decides)
    held, width = (np.where(live, np.take_along_axis(values, chosen, axis=0), 0.0) for values in (weight, BUFFER * average))
    gross = np.abs(held).sum(axis=1, keepdims=True)
    shrink = np.minimum(1.0, LEVERAGE_MAX[panel.market] / np.maximum(gross, 1e-12))
    return Targets(held * shrink, width * shrink, decides)


def forecasts(prediction: FloatArray, daily_volatility: FloatArray, horizon_days: float, bars_per_day: int) -> FloatArray:
    """(T, N) forecasts with mean absolute value 10, within +-20.

    A prediction is divided by the volatility over its horizon, then by the mean absolute value of all that were made so
    far, pooled over symbols. NaN without prediction or volatility, and during the first `WARM_UP_DAYS` of predictions.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        raw = prediction / (daily_volatility * np.sqrt(horizon_days))
    known = np.isfinite(raw)
    raw = np.where(known, raw, 0.0)
    made = np.cumsum(known.sum(axis=1))
    size = np.cumsum(np.abs(raw).sum(axis=1)) / np.maximum(made, 1)
    ready = (np.cumsum(known.any(axis=1)) > WARM_UP_DAYS * bars_per_day) & (size > 0)
    scaled = raw * (AVERAGE_FORECAST / np.where(ready, size, 1.0))[:, None]
    return np.where(known & ready[:, None], np.clip(scaled, -FORECAST_CAP, FORECAST_CAP), np.nan)


def diversification(panel: Panel, count: IntArray) -> FloatArray:
    """(T,) multiplier 1/sqrt(w'Hw) of `count` (T,) equally weighted positions at the mean pairwise correlation so far.

    Correlations are of daily returns, floored at 0 in the mean; the multiplier is at most 2.5, and 1 until there are
    `CORRELATION_DAYS_MIN` days. Source: Carver 2015, chapter 11.
    """
    _, closes = daily_closes(panel)
    correlation = known_next_day(_mean_correlation(daily_returns(closes))[:, None], panel)[:, 0]
    rho = np.where(np.isfinite(correlation), np.maximum(correlation, 0.0), 1.0)
    return np.minimum(MULTIPLIER_CAP, np.sqrt(count / (1.0 + (count - 1) * rho)))


def decision_bars(panel: Panel, every_hours: int) -> BoolArray:
    """(T,) bars whose close is the first one in a new stretch of `every_hours`, counted from midnight UTC of the epoch."""
    every = every_hours * US_PER_HOUR
    close = panel.close_time_us
    return np.asarray(close // every != (close - panel.interval_us) // every, dtype=np.bool_)


def _may_short(market: Market, manifest: Manifest) -> bool:
    if market not in LEVERAGE_MAX:
        raise Refused(f"{manifest.name}: the backtest knows spot and linear contracts, not {market} ones")
    if market not in manifest.markets:
        names = ", ".join(sorted(manifest.markets))
        raise Refused(f"{manifest.name}: its manifest trades {names}, the panel is {market}: it has no opinion here")
    return manifest.markets[market] == "long_short"


def _traded(panel: Panel, manifest: Manifest) -> BoolArray:
    traded = np.array([manifest.universe == "all" or symbol in manifest.universe for symbol in panel.symbols], dtype=np.bool_)
    if not traded.any():
        raise Refused(f"{manifest.name}: expected some of {list(manifest.universe)} in the panel, got {list(panel.symbols)}")
    return traded


def _latest_decision(panel: Panel, decides: BoolArray) -> tuple[IntArray, BoolArray]:
    """(T, N) row of the latest decision at which the symbol had a bar, and whether there is one and the symbol is not gone."""
    clock = np.arange(len(decides))[:, None]
    bar = np.isfinite(panel.close)
    chosen = np.maximum.accumulate(np.where(bar & decides[:, None], clock, -1), axis=0)
    seen = np.maximum.accumulate(np.where(bar, clock, -1), axis=0)
    live = (chosen >= 0) & (clock - seen <= HALT_DAYS * panel.bars_per_day)
    return np.maximum(chosen, 0), np.asarray(live)


def _mean_correlation(returns: FloatArray) -> FloatArray:
    """(D,) mean correlation of all pairs of (D, N) returns up to each day, on the days that both have; NaN while too few."""
    known = np.isfinite(returns)
    x, seen = np.where(known, returns, 0.0), known.astype(np.float64)
    first, second = np.triu_indices(returns.shape[1], 1)
    both = seen[:, first] * seen[:, second]

    def so_far(values: FloatArray) -> FloatArray:
        return np.asarray(np.cumsum(values * both, axis=0))

    a, b = x[:, first], x[:, second]
    n = np.maximum(np.cumsum(both, axis=0), 1.0)
    sum_a, sum_b = so_far(a), so_far(b)
    covariance = so_far(a * b) - sum_a * sum_b / n
    spread = (so_far(a * a) - sum_a**2 / n) * (so_far(b * b) - sum_b**2 / n)
    usable = (n >= CORRELATION_DAYS_MIN) & (spread > 0)
    correlation = np.where(usable, covariance / np.sqrt(np.where(usable, spread, 1.0)), 0.0)
    pairs = usable.sum(axis=1)
    return np.where(pairs > 0, correlation.sum(axis=1) / np.maximum(pairs, 1), np.nan)
