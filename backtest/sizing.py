"""From predictions to target weights: Carver's volatility-targeted position sizing, everything known at the time."""

from dataclasses import dataclass
from typing import Any, NamedTuple

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


class Scale(NamedTuple):
    """Running totals behind the scale of a forecast, (T,) each."""

    made: IntArray
    """Predictions so far, over all symbols."""
    size: FloatArray
    """Sum of their absolute values in units of risk."""
    bars: IntArray
    """Bars with any."""

    def row(self, t: int) -> "Scale":
        """The totals after bar t, (1,) each."""
        return Scale(self.made[t : t + 1], self.size[t : t + 1], self.bars[t : t + 1])


@dataclass(frozen=True)
class Sized:
    """The way from predictions to targets, kept whole so that a stretch of it can be sized anew from other data.

    Rows are those of a panel, or of a stretch of it; rows of `chosen` and `seen` count from the panel's first bar, -1 is none.
    """

    scale: Scale
    weight: FloatArray
    """(T, N) as of the bar itself, before anything is held over."""
    average: FloatArray
    """(T, N) weight at a forecast of 10."""
    chosen: IntArray
    """(T, N) the latest decision at which the symbol had a bar."""
    seen: IntArray
    """(T, N) its latest bar."""
    correlation: "CorrelationSoFar"
    targets: Targets


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
    correlation = correlation_so_far(panel)
    return sized(
        panel, prediction, daily_volatility, correlation, manifest, volatility_target_annual=volatility_target_annual
    ).targets


def sized(
    panel: Panel,
    prediction: FloatArray,
    daily_volatility: FloatArray,
    correlation: "CorrelationSoFar",
    manifest: Manifest,
    *,
    volatility_target_annual: float,
    before: Sized | None = None,
    first: int = 0,
) -> Sized:
    """`target_weights` with its steps; see `correlation_so_far`.

    With `before`, the panel and all arrays are the stretch from bar `first` on of what `before` was made of up to that bar:
    the answer has the same bits as the stretch of a whole that is sized at once.
    """
    short, bars_per_day = _may_short(panel.market, manifest), panel.bars_per_day
    opinion = np.where(_traded(panel, manifest), prediction, np.nan)
    carried = None if before is None or first == 0 else before
    start = None if carried is None else carried.scale.row(first - 1)
    forecast, scale = _scaled(opinion, daily_volatility, manifest.horizon_hours / 24.0, bars_per_day, start)
    if not short:
        forecast = np.maximum(forecast, 0.0)
    active = np.isfinite(forecast)
    count = np.maximum(active.sum(axis=1, keepdims=True), 1)
    budget = volatility_target_annual / np.sqrt(DAYS_PER_YEAR) * _multiplier(correlation.mean, count[:, 0])[:, None] / count
    average = np.where(active, budget / np.where(active, daily_volatility, 1.0), 0.0)
    weight = np.where(active, average * forecast / AVERAGE_FORECAST, 0.0)
    decides = decision_bars(panel, manifest.decide_every_hours)
    chosen, seen = _latest(panel, decides, first, carried)
    live = (chosen >= 0) & (first + np.arange(len(decides))[:, None] - seen <= HALT_DAYS * bars_per_day)
    held, width = (
        np.where(live, _at(chosen, values, first, None if carried is None else earlier), 0.0)
        for values, earlier in (
            (weight, None if carried is None else carried.weight),
            (BUFFER * average, None if carried is None else BUFFER * carried.average),
        )
    )
    gross = np.abs(held).sum(axis=1, keepdims=True)
    shrink = np.minimum(1.0, LEVERAGE_MAX[panel.market] / np.maximum(gross, 1e-12))
    return Sized(scale, weight, average, chosen, seen, correlation, Targets(held * shrink, width * shrink, decides))


def forecasts(prediction: FloatArray, daily_volatility: FloatArray, horizon_days: float, bars_per_day: int) -> FloatArray:
    """(T, N) forecasts with mean absolute value 10, within +-20.

    A prediction is divided by the volatility over its horizon, then by the mean absolute value of all that were made so
    far, pooled over symbols. NaN without prediction or volatility, and during the first `WARM_UP_DAYS` of predictions.
    """
    return _scaled(prediction, daily_volatility, horizon_days, bars_per_day, None)[0]


def _scaled(
    prediction: FloatArray, daily_volatility: FloatArray, horizon_days: float, bars_per_day: int, before: Scale | None
) -> tuple[FloatArray, Scale]:
    """`forecasts` after the predictions whose totals are `before`, (1,) each, and the totals with these."""
    with np.errstate(divide="ignore", invalid="ignore"):
        raw = prediction / (daily_volatility * np.sqrt(horizon_days))
    known = np.isfinite(raw)
    raw = np.where(known, raw, 0.0)
    scale = Scale(
        _running(known.sum(axis=1), None if before is None else before.made),
        _running(np.abs(raw).sum(axis=1), None if before is None else before.size),
        _running(known.any(axis=1).astype(np.int64), None if before is None else before.bars),
    )
    size = scale.size / np.maximum(scale.made, 1)
    ready = (scale.bars > WARM_UP_DAYS * bars_per_day) & (size > 0)
    scaled = raw * (AVERAGE_FORECAST / np.where(ready, size, 1.0))[:, None]
    return np.where(known & ready[:, None], np.clip(scaled, -FORECAST_CAP, FORECAST_CAP), np.nan), scale


def _running(values: Any, before: Any) -> Any:
    """Cumulative sums down the rows that go on from `before`, the last row of an earlier stretch: the same bits as in one go."""
    return np.cumsum(values, axis=0) if before is None else np.cumsum(np.concatenate([before, values]), axis=0)[1:]


def diversification(panel: Panel, count: IntArray) -> FloatArray:
    """(T,) multiplier 1/sqrt(w'Hw) of `count` (T,) equally weighted positions at the mean pairwise correlation so far.

    Correlations are of daily returns, floored at 0 in the mean; the multiplier is at most 2.5, and 1 until there are
    `CORRELATION_DAYS_MIN` days. Source: Carver 2015, chapter 11.
    """
    return _multiplier(correlation_so_far(panel).mean, count)


def correlation_so_far(panel: Panel) -> "CorrelationSoFar":
    """What is known of correlation at each bar: that of the daily returns up to the day before."""
    _, closes = daily_closes(panel)
    sums = pair_sums(daily_returns(closes))
    return CorrelationSoFar(known_next_day(mean_correlation(sums)[:, None], panel)[:, 0], sums)


def _multiplier(correlation: FloatArray, count: IntArray) -> FloatArray:
    rho = np.where(np.isfinite(correlation), np.maximum(correlation, 0.0), 1.0)
    return np.asarray(np.minimum(MULTIPLIER_CAP, np.sqrt(count / (1.0 + (count - 1) * rho))))


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


def _latest(panel: Panel, decides: BoolArray, first: int, before: Sized | None) -> tuple[IntArray, IntArray]:
    """(T, N) row of the latest decision at which the symbol had a bar, and of its latest bar; -1 where there is none."""
    clock = first + np.arange(len(decides))[:, None]
    bar = np.isfinite(panel.close)

    def latest(where: BoolArray, earlier: IntArray | None) -> IntArray:
        rows = np.where(where, clock, -1)
        if earlier is not None:
            rows[0] = np.maximum(rows[0], earlier[first - 1])
        return np.asarray(np.maximum.accumulate(rows, axis=0))

    chosen = latest(bar & decides[:, None], None if before is None else before.chosen)
    return chosen, latest(bar, None if before is None else before.seen)


def _at(rows: IntArray, values: FloatArray, first: int, earlier: FloatArray | None) -> FloatArray:
    """Values of a stretch at rows that count from the panel's first bar; `earlier` has those before the stretch."""
    inside = np.take_along_axis(values, np.maximum(rows - first, 0), axis=0)
    if earlier is None:
        return inside
    return np.where(rows >= first, inside, np.take_along_axis(earlier, np.clip(rows, 0, first - 1), axis=0))


class PairSums(NamedTuple):
    """Running sums over the days that both symbols of a pair have, (D, pairs) each."""

    days: FloatArray
    a: FloatArray
    b: FloatArray
    ab: FloatArray
    aa: FloatArray
    bb: FloatArray


class CorrelationSoFar(NamedTuple):
    """See `correlation_so_far`."""

    mean: FloatArray
    """(T,) over all pairs of symbols; NaN while there are too few days."""
    sums: PairSums | None = None
    """Those behind it, of a whole panel."""


def pair_sums(returns: FloatArray, before: PairSums | None = None) -> PairSums:
    """The sums of (D, N) returns; with `before`, (1, pairs) each, they go on from an earlier stretch with the same bits."""
    known = np.isfinite(returns)
    x, seen = np.where(known, returns, 0.0), known.astype(np.float64)
    first, second = np.triu_indices(returns.shape[1], 1)
    both = seen[:, first] * seen[:, second]
    a, b = x[:, first], x[:, second]
    parts = (both, a * both, b * both, a * b * both, a * a * both, b * b * both)
    started = before or (None,) * len(parts)
    return PairSums(*(_running(part, start) for part, start in zip(parts, started, strict=True)))


def mean_correlation(sums: PairSums) -> FloatArray:
    """(D,) mean correlation of all pairs up to each day; NaN while there are too few days."""
    n = np.maximum(sums.days, 1.0)
    covariance = sums.ab - sums.a * sums.b / n
    spread = (sums.aa - sums.a**2 / n) * (sums.bb - sums.b**2 / n)
    usable = (n >= CORRELATION_DAYS_MIN) & (spread > 0)
    correlation = np.where(usable, covariance / np.sqrt(np.where(usable, spread, 1.0)), 0.0)
    pairs = usable.sum(axis=1)
    return np.where(pairs > 0, correlation.sum(axis=1) / np.maximum(pairs, 1), np.nan)
