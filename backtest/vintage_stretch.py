"""A stretch of a run done again on other versions of its bars: forecasts, predictions, sizing from the first changed bar on."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np

from backtest.days import daily_closes, daily_returns, day_of_bar
from backtest.sizing import CorrelationSoFar, PairSums, Sized, Targets, mean_correlation, pair_sums, sized
from backtest.vintage_cells import FIELDS, Epoch, spans
from domain.arrays import BoolArray, FloatArray, IntArray
from domain.market import Panel
from domain.strategy import Manifest
from domain.versions import Cells
from measures.volatility import volatility_forecast

Ask = Callable[[Panel, FloatArray], FloatArray]
"""(T, N) predictions of a strategy that is shown this panel and this volatility forecast."""

COLUMNS_AT_ONCE = 2_000
"""Of daily closes in one forecast: its loop over days costs the same for one symbol as for hundreds."""


@dataclass(frozen=True)
class PlainRun:
    """A run on the data as it stands now; arrays are (T, N)."""

    panel: Panel
    sized: Sized
    prediction: FloatArray
    daily_volatility: FloatArray
    manifest: Manifest
    volatility_target_annual: float


class Part(NamedTuple):
    """One epoch from its oldest changed bar on, as its decisions saw and took it."""

    targets: Targets
    prediction: FloatArray
    close: FloatArray
    rows: int
    """Bars that were shown to the strategy again."""


class _Daily(NamedTuple):
    """What an epoch knew of whole days, from the day of its oldest changed bar on."""

    first_day: int
    closes: FloatArray
    """(days, N); the last day may be open, and no bar of the epoch knows its close."""
    changed: IntArray
    """Symbols with another close on a day before the last."""


class Stretches:
    """Epochs sized anew; all that lies before the oldest changed bar of one is the plain run's, to the bit."""

    def __init__(
        self, plain: PlainRun, cells: Mapping[str, Cells], decided_us: IntArray, epochs: tuple[Epoch, ...], ask: Ask
    ) -> None:
        self._plain, self._epochs, self._ask = plain, epochs, ask
        self._spans = {name: (one, *spans(one, decided_us)) for name, one in cells.items()}
        self._day = day_of_bar(plain.panel)
        self._closes = daily_closes(plain.panel)[1]
        self._daily = [self._days_of(epoch) for epoch in epochs]
        self._volatility = self._volatilities()

    def sized(self, number: int) -> Part:
        """The epoch of this number."""
        epoch, lookback = self._epochs[number], self._plain.manifest.lookback_bars
        start = max(0, epoch.oldest - lookback + 1)
        panel, touched = self._panel(epoch, start)
        volatility, correlation, moved = self._forecasts(number, start)
        needed = _near(touched, lookback)
        needed[moved - start :] = True
        needed[: epoch.oldest - start] = False
        prediction, rows = self._plain.prediction[start : epoch.end].copy(), 0
        for low, high in _runs(needed):
            shown = slice(max(0, low - lookback + 1), high)
            answer = self._ask(rows_of(panel, shown), volatility[shown])
            prediction[low:high] = answer[low - shown.start :]
            rows += high - shown.start
        inside = slice(epoch.oldest - start, None)
        again = sized(
            rows_of(panel, inside),
            prediction[inside],
            volatility[inside],
            correlation,
            self._plain.manifest,
            volatility_target_annual=self._plain.volatility_target_annual,
            before=self._plain.sized,
            first=epoch.oldest,
        )
        return Part(again.targets, prediction[inside], panel.close[inside], rows)

    def _panel(self, epoch: Epoch, start: int) -> tuple[Panel, BoolArray]:
        """Bars start <= t < end as the epoch's decisions saw them, and which of them are another than today's."""
        changed: dict[str, Any] = {}
        touched = np.zeros(epoch.end - start, dtype=np.bool_)
        for name in self._spans:
            changed[name], rows = self._seen(name, epoch, start)
            touched[rows - start] = True
        return replace(rows_of(self._plain.panel, slice(start, epoch.end)), **changed), touched

    def _seen(self, name: str, epoch: Epoch, start: int) -> tuple[FloatArray, IntArray]:
        """One field of the bars start <= t < end as the epoch saw it, and the bars in which it did so otherwise than today."""
        cells, row, begins, ends = self._spans[name]
        here = (begins < epoch.end) & (ends > epoch.first) & (begins < ends) & (row < epoch.end)
        values: FloatArray = getattr(self._plain.panel, name)[start : epoch.end].copy()
        values[row[here] - start, cells.column[here]] = cells.value[here]
        return values, row[here]

    def _days_of(self, epoch: Epoch) -> _Daily:
        first_day, last_day = int(self._day[epoch.oldest]), int(self._day[epoch.end - 1])
        start = int(np.searchsorted(self._day, first_day))
        panel = rows_of(self._plain.panel, slice(start, epoch.end))
        if "close" in self._spans:
            panel = replace(panel, close=self._seen("close", epoch, start)[0])
        closes = daily_closes(panel)[1]
        whole, today = closes[:-1], self._closes[first_day:last_day]
        other = ~((whole == today) | (np.isnan(whole) & np.isnan(today)))
        return _Daily(first_day, closes, np.flatnonzero(other.any(axis=0)))

    def _volatilities(self) -> list[FloatArray]:
        """By epoch, (days, changed symbols): the forecast at the close of each day from `first_day` on."""
        answers: list[FloatArray] = [np.zeros((len(daily.closes), 0)) for daily in self._daily]
        batch: list[int] = []
        for number, daily in enumerate(self._daily):
            batch += [number] if len(daily.changed) else []
            columns = sum(len(self._daily[one].changed) for one in batch)
            if batch and (columns >= COLUMNS_AT_ONCE or number == len(self._daily) - 1):
                answers = self._with_batch(answers, batch)
                batch = []
        return answers

    def _with_batch(self, answers: list[FloatArray], batch: list[int]) -> list[FloatArray]:
        known = [self._closes_known(self._daily[number]) for number in batch]
        days = max(len(one) for one in known)
        padded = [np.vstack([one, np.full((days - len(one), one.shape[1]), np.nan)]) for one in known]
        forecast = volatility_forecast(daily_returns(np.hstack(padded)))
        edges = np.cumsum([0, *(one.shape[1] for one in known)])
        for number, one, low, high in zip(batch, known, edges[:-1], edges[1:], strict=True):
            answers[number] = forecast[self._daily[number].first_day : len(one), low:high]
        return answers

    def _closes_known(self, daily: _Daily) -> FloatArray:
        """(D', changed symbols) every daily close that the epoch knew."""
        return np.vstack([self._closes[: daily.first_day], daily.closes])[:, daily.changed]

    def _forecasts(self, number: int, start: int) -> tuple[FloatArray, CorrelationSoFar, int]:
        """Volatility from bar `start` and correlation from the oldest changed bar on, and the first bar at which either moved."""
        epoch, daily = self._epochs[number], self._daily[number]
        volatility = self._plain.daily_volatility[start : epoch.end]
        whole = self._plain.sized.correlation
        correlation = whole.mean[epoch.oldest : epoch.end]
        if not len(daily.changed):
            return volatility, CorrelationSoFar(correlation), epoch.end
        volatility, correlation = volatility.copy(), correlation.copy()
        day = self._day[start : epoch.end] - daily.first_day
        later = np.flatnonzero(day > 0)
        volatility[np.ix_(later, daily.changed)] = self._volatility[number][day[later] - 1]
        since = max(0, daily.first_day - 1)
        closes = np.vstack([self._closes[since : daily.first_day], daily.closes])
        returns = daily_returns(closes)[daily.first_day - since :]
        sums = whole.sums or pair_sums(daily_returns(self._closes))
        before = PairSums(*(part[since : since + 1] for part in sums)) if daily.first_day else None
        mean = mean_correlation(pair_sums(returns, before))
        day = self._day[epoch.oldest : epoch.end] - daily.first_day
        correlation[day > 0] = mean[day[day > 0] - 1]
        return volatility, CorrelationSoFar(correlation), start + int(later[0]) if len(later) else epoch.end


def rows_of(panel: Panel, rows: slice) -> Panel:
    """The same panel with these bars only."""
    changed: dict[str, Any] = {name: getattr(panel, name)[rows] for name in (*FIELDS, "open_time_us")}
    return replace(panel, **changed)


def _near(touched: BoolArray, lookback: int) -> BoolArray:
    """Rows with a touched one among themselves and the `lookback` - 1 before."""
    count = np.cumsum(touched, dtype=np.int64)
    count[lookback:] -= count[:-lookback].copy()
    return np.asarray(count > 0)


def _runs(flags: BoolArray) -> list[tuple[int, int]]:
    """Start and end of each stretch of True."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], flags, [False]]).astype(np.int8)))
    return list(zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True))
