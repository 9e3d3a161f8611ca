"""What pods earned: equity, drawdown, and the split into alpha and beta."""

import math
from collections.abc import Iterator, Mapping, Sequence
from itertools import cycle

import numpy as np

from domain.arrays import FloatArray, IntArray
from domain.times import DAYS_PER_YEAR
from reporting.charts.axes import LEGEND_UNITS, day_axis, floats, growth_axis, legend_above, name_margins, pod_axis, ticks
from reporting.charts.canvas import ACCENT, INK, LOSS, MUTED, PALE, SERIES, Figure, Margins, svg
from reporting.values import ALPHA, PodSeries

POINTS_MAX = 300
"""Points of a line: more than this is finer than a pixel and only makes the page heavy."""


def equity_and_underwater(series: PodSeries) -> str:
    """Growth of 1 on a log axis above the drawdown; days before `live_from_us` pale. The deepest day of a bucket is kept."""

    def paint(figure: Figure) -> None:
        top, bottom = figure.subplots(2, 1, sharex=True, height_ratios=[2.2, 1], gridspec_kw={"hspace": 0.12})
        starts = _bucket_starts(len(series.day_us))
        ends = np.append(starts[1:], len(series.day_us)) - 1
        days = np.array(series.day_us, dtype="datetime64[us]")[ends]
        growth = 1 + floats(series.cumulative_return)[ends]
        growth[growth <= 0] = math.nan
        under = -np.fmax.reduceat(floats(series.drawdown), starts)
        live = np.ones(len(ends), dtype=bool)
        if series.live_from_us is not None:
            live = np.array(series.day_us)[ends] >= series.live_from_us
            top.plot(days, growth, color=PALE)
        top.plot(days, np.where(live, growth, math.nan), color=ACCENT)
        top.axhline(1, color=MUTED, linewidth=0.8)
        growth_axis(top, growth)
        top.set_ylabel("growth of 1, log")
        bottom.fill_between(days, 100 * under, 0, color=LOSS, alpha=0.35, linewidth=0)
        bottom.plot(days, 100 * under, color=LOSS, linewidth=0.8)
        bottom.set_ylim(top=0)
        bottom.margins(x=0.01)
        bottom.set_ylabel("below peak, %")
        bottom.yaxis.set_major_locator(ticks(3))
        day_axis(bottom)

    return svg(250, paint, f"Equity and drawdown of {series.pod} by UTC day", Margins())


def _bucket_starts(count: int) -> IntArray:
    return np.arange(0, count, max(1, math.ceil(count / POINTS_MAX)), dtype=np.int64)


def _part_names(series: Sequence[PodSeries]) -> list[str]:
    """Alpha first, then the factors by name."""
    return sorted({name for one in series for name in one.parts}, key=lambda name: (name != ALPHA, name))


def _stacked(parts: Mapping[str, FloatArray]) -> Iterator[tuple[str, str, FloatArray, FloatArray]]:
    """(name, colour, values, base of the bars) by part: gains stack up from zero, losses down."""
    up, down = (np.zeros_like(next(iter(parts.values()))) for _ in range(2))
    for (name, values), color in zip(parts.items(), cycle(SERIES)):
        yield name, color, values, np.where(values >= 0, up, down)
        up, down = up + np.maximum(values, 0), down + np.minimum(values, 0)


def alpha_and_beta_by_month(series: PodSeries) -> str:
    """Monthly sums of the daily parts, per cent of capital, stacked by sign; the dot is the net of the month.

    A month with a missing day is left out: its sum is unknown.
    """
    months = np.array(series.day_us, dtype="datetime64[us]").astype("datetime64[M]")
    shown, starts = np.unique(months, return_index=True)
    sums = {name: 100 * np.add.reduceat(floats(series.parts[name]), starts) for name in _part_names([series])}

    def paint(figure: Figure) -> None:
        axes = figure.subplots()
        days, width = shown.astype("datetime64[D]"), np.timedelta64(24, "D")
        for name, color, values, base in _stacked(sums):
            axes.bar(days, values, width=width, bottom=base, color=color, align="edge", label=name)
        axes.plot(days + width // 2, np.sum(list(sums.values()), axis=0), "o", color=INK, markersize=2.6, label="net")
        axes.axhline(0, color=MUTED, linewidth=0.8)
        axes.set_ylabel("% of capital a month")
        legend_above(axes)
        day_axis(axes)
        axes.set_xlabel("month, UTC")

    return svg(235, paint, f"Alpha and beta parts of {series.pod} by month, per cent of capital", Margins(top=LEGEND_UNITS))


def alpha_and_beta_by_pod(series: Sequence[PodSeries]) -> str:
    """Mean daily parts of each pod, annualised, per cent of capital: the stacked bars add to the net return (black mark)."""
    shown = [one for one in series if one.parts]
    parts = {name: np.array([_annual_percent(one, name) for one in shown]) for name in _part_names(shown)}

    def paint(figure: Figure) -> None:
        axes = figure.subplots()
        at = np.arange(len(shown))
        for name, color, values, base in _stacked(parts):
            axes.barh(at, values, left=base, height=0.62, color=color, label=name)
        net = np.sum(list(parts.values()), axis=0)
        axes.plot(net, at, "|", color="#ffffff", markersize=15, markeredgewidth=4.5)
        axes.plot(net, at, "|", color=INK, markersize=15, markeredgewidth=2, label="net")
        axes.axvline(0, color=MUTED, linewidth=0.8)
        axes.set_xlabel("% of capital a year")
        legend_above(axes)
        pod_axis(axes, [one.pod for one in shown])

    label = "Annualised alpha and beta parts by pod, per cent of capital"
    return svg(90 + 27 * len(shown), paint, label, name_margins([one.pod for one in shown]))


def _annual_percent(series: PodSeries, name: str) -> float:
    """Over the days that are known; a part that a pod does not have adds nothing to it."""
    known = [value for value in series.parts.get(name, ()) if value is not None]
    return 100 * DAYS_PER_YEAR * math.fsum(known) / len(known) if known else 0.0
