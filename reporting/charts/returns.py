"""A strategy through time: rolling figures, exposure and turnover, where the return came from, and other orders of its days."""

from collections.abc import Mapping, Sequence

import numpy as np

from domain.arrays import FloatArray
from reporting.amounts import number
from reporting.charts.axes import LEGEND_UNITS, day_axis, floats, growth_axis, legend_above, ticks
from reporting.charts.canvas import ACCENT, GAIN, INK, LOSS, MUTED, PALE, SERIES, Axes, Figure, Margins, svg

POINTS_MAX = 400
"""Of a line: more is finer than a pixel."""


def thinned(count: int, most: int = POINTS_MAX) -> FloatArray:
    """Positions of at most `most` points, the last among them."""
    return np.unique(np.linspace(0, count - 1, min(count, most)).round()).astype(np.int64)


def rolling_figures(
    day_us: Sequence[int],
    window_days: int,
    sharpe: Sequence[float | None],
    volatility: Sequence[float | None],
    beta: Sequence[float | None],
    market: str,
) -> str:
    """Three panels on one axis of days."""
    at = thinned(len(day_us))
    days = np.array(day_us, dtype="datetime64[us]")[at]

    def paint(figure: Figure) -> None:
        panels = figure.subplots(3, 1, sharex=True, gridspec_kw={"hspace": 0.16})
        rows = (
            ("Sharpe", floats(sharpe)),
            ("volatility, %", 100 * floats(volatility)),
            (f"beta, {_short(market)}", floats(beta)),
        )
        for axes, (label, values), color in zip(panels, rows, SERIES, strict=False):
            axes.plot(days, values[at], color=color, linewidth=1.2)
            axes.axhline(0, color=MUTED, linewidth=0.8)
            axes.set_ylabel(label)
            axes.yaxis.set_major_locator(ticks(4))
        day_axis(panels[-1])

    return svg(330, paint, f"Sharpe ratio, volatility and beta over {window_days} trailing days", Margins())


def exposure_and_turnover(
    day_us: Sequence[int],
    gross: Sequence[float | None],
    net: Sequence[float | None],
    turnover: Sequence[float | None],
) -> str:
    """Gross and net exposure above daily turnover, multiples of capital."""
    at = thinned(len(day_us))
    days = np.array(day_us, dtype="datetime64[us]")[at]

    def paint(figure: Figure) -> None:
        top, bottom = figure.subplots(2, 1, sharex=True, height_ratios=[1.6, 1], gridspec_kw={"hspace": 0.14})
        top.plot(days, floats(gross)[at], color=PALE, label="gross")
        top.plot(days, floats(net)[at], color=ACCENT, linewidth=1, label="net")
        top.axhline(0, color=MUTED, linewidth=0.8)
        top.set_ylabel("exposure, x capital")
        legend_above(top)
        bottom.fill_between(days, floats(turnover)[at], 0, color=SERIES[1], alpha=0.5, linewidth=0)
        bottom.set_ylim(bottom=0)
        bottom.set_ylabel("traded a day, x")
        bottom.yaxis.set_major_locator(ticks(3))
        day_axis(bottom)

    return svg(270, paint, "Gross and net exposure and daily turnover, multiples of capital", Margins(top=LEGEND_UNITS))


def return_by_component(annual: Mapping[str, float]) -> str:
    """From gross to net: each part of the mean return, per cent of capital a year, then the total."""
    names, values = list(annual), 100 * np.array(list(annual.values()))
    edges = np.concatenate([[0.0], np.cumsum(values)])

    def paint(figure: Figure) -> None:
        axes = figure.subplots()
        at = np.arange(len(names) + 1)
        axes.bar(at[:-1], values, bottom=edges[:-1], width=0.62, color=[GAIN if value > 0 else LOSS for value in values])
        axes.bar(at[-1], edges[-1], width=0.62, color=INK)
        tops = [*np.maximum(edges[:-1], edges[1:]), max(float(edges[-1]), 0.0)]
        for index, (value, top) in enumerate(zip([*values, edges[-1]], tops, strict=True)):
            text = number(float(value), 1, signed=True)
            axes.annotate(text, (index, top), (0, 3), textcoords="offset points", ha="center", color=INK, fontsize=9.5)
        axes.axhline(0, color=MUTED, linewidth=0.8)
        low, high = float(min(edges.min(), 0.0)), float(max(edges.max(), 0.0))
        axes.set_ylim(low - 0.06 * (high - low), high + 0.14 * (high - low) + 1e-9)
        axes.set_xticks(at, [*names, "net"])
        axes.tick_params(axis="x", labelcolor=INK)
        axes.set_ylabel("% of capital a year")
        axes.grid(visible=False, axis="x")

    said = ", ".join(f"{name} {number(float(value), 1, signed=True)}" for name, value in zip(names, values, strict=True))
    return svg(235, paint, f"Mean return by component, per cent of capital a year: {said}", Margins(bottom=24))


def fan_of_paths(
    day_us: Sequence[int], quantiles: Sequence[float], wealth: Sequence[Sequence[float]], own: Sequence[float]
) -> str:
    """Bands of what other orders of the same days come to, around the median; the history itself dark."""
    days = np.array(day_us, dtype="datetime64[us]")
    rows = [np.maximum(np.array(row, dtype=np.float64), 1e-3) for row in wealth]

    def paint(figure: Figure) -> None:
        axes = figure.subplots()
        pairs = len(rows) // 2
        for index in range(pairs):
            label = f"{100 * quantiles[index]:g} to {100 * quantiles[-1 - index]:g} %"
            axes.fill_between(days, rows[index], rows[-1 - index], color=PALE, alpha=0.35 + 0.3 * index, linewidth=0, label=label)
        axes.plot(days, np.maximum(np.array(own), 1e-3), color=ACCENT, linewidth=1.2, label="as it was")
        axes.axhline(1, color=MUTED, linewidth=0.8)
        growth_axis(axes, np.concatenate([rows[0], rows[-1], np.array(own)]))
        axes.set_ylabel("growth of 1, log")
        legend_above(axes)
        day_axis(axes)

    return svg(250, paint, "Growth of 1 over resampled orders of the same days, by quantile", Margins(top=LEGEND_UNITS))


def _short(market: str) -> str:
    return market.removesuffix("USDT")


def plain_axes(axes: Axes) -> None:
    """Frame and grid off, for maps."""
    axes.grid(visible=False)
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0, labelcolor=INK)
