"""What choosing a configuration is worth: paths, both sides of a cut, and the surface of parameters."""

from collections.abc import Sequence

import numpy as np

from reporting.amounts import number
from reporting.charts.axes import LEGEND_UNITS, day_axis, floats, growth_axis, legend_above
from reporting.charts.canvas import ACCENT, INK, MUTED, PALE, SERIES, Figure, Margins, svg
from reporting.charts.returns import plain_axes


def cross_validated_paths(day_us: Sequence[int], paths: Sequence[Sequence[float]]) -> str:
    """Growth of 1 along every combinatorial out-of-sample path; the median by final wealth dark."""
    days = np.array(day_us, dtype="datetime64[us]")
    rows = [np.maximum(np.array(path, dtype=np.float64), 1e-3) for path in paths]
    middle = sorted(range(len(rows)), key=lambda index: (float(rows[index][-1]), index))[len(rows) // 2]

    def paint(figure: Figure) -> None:
        axes = figure.subplots()
        for index, row in enumerate(rows):
            axes.plot(days, row, color=PALE, linewidth=1, label="paths" if index == 0 else None)
        axes.plot(days, rows[middle], color=ACCENT, label="the middle one")
        axes.axhline(1, color=MUTED, linewidth=0.8)
        growth_axis(axes, np.concatenate(rows))
        axes.set_ylabel("growth of 1, log")
        legend_above(axes)
        day_axis(axes)

    return svg(250, paint, f"Growth of 1 along {len(paths)} out-of-sample paths", Margins(top=LEGEND_UNITS))


def in_and_out(
    in_sample: Sequence[float | None], out_of_sample: Sequence[float | None], chosen: int, best: int, cut_day: str
) -> str:
    """Sharpe ratio after the cut against that before it, a dot for each configuration."""
    before, after = floats(in_sample), floats(out_of_sample)

    def paint(figure: Figure) -> None:
        axes = figure.subplots()
        both = np.concatenate([before, after])
        low, high = float(np.nanmin(both)), float(np.nanmax(both))
        axes.plot([low, high], [low, high], color=MUTED, linewidth=0.8, linestyle=(0, (4, 2)), label="unchanged")
        axes.axhline(0, color=MUTED, linewidth=0.8)
        axes.plot(
            before, after, "o", color=PALE, markersize=4.5, markeredgecolor=ACCENT, markeredgewidth=0.5, label="configuration"
        )
        axes.plot(before[best], after[best], "D", color=SERIES[1], markersize=6, label="best before")
        axes.plot(
            before[chosen],
            after[chosen],
            "o",
            color=ACCENT,
            markersize=7,
            fillstyle="none",
            markeredgewidth=1.8,
            label="this one",
        )
        axes.set_xlabel(f"Sharpe ratio before {cut_day}")
        axes.set_ylabel("after")
        legend_above(axes)

    label = f"Sharpe ratio of {len(in_sample)} configurations before and after {cut_day}"
    return svg(270, paint, label, Margins(top=LEGEND_UNITS))


def parameter_surface(
    x: tuple[str, Sequence[float]],
    y: tuple[str, Sequence[float]],
    cells: Sequence[Sequence[float | None]],
    chosen: tuple[int, int],
) -> str:
    """Annual Sharpe ratio by one parameter (a line) or two (a map with the number in each cell); the chosen one is framed."""
    values = np.array([floats(row) for row in cells])
    if len(y[1]) < 2:
        return _line(x, values[0], chosen[1])
    bound = float(np.nanmax(np.abs(values))) if np.isfinite(values).any() else 1.0

    def paint(figure: Figure) -> None:
        axes = figure.subplots()
        axes.pcolormesh(values, cmap="RdBu", vmin=-1.4 * bound, vmax=1.4 * bound, edgecolors="#ffffff", linewidth=1)
        if values.size <= 120:
            size = 9.5 if values.shape[1] <= 8 else 7.5
            for row, column in np.ndindex(values.shape):
                if np.isfinite(values[row, column]):
                    text = number(float(values[row, column]), 1)
                    axes.text(column + 0.5, row + 0.5, text, ha="center", va="center", fontsize=size, color=INK)
        axes.plot(
            chosen[1] + np.array([0.04, 0.96, 0.96, 0.04, 0.04]),
            chosen[0] + np.array([0.06, 0.06, 0.94, 0.94, 0.06]),
            color=INK,
            linewidth=2,
        )
        axes.set_xticks(np.arange(len(x[1])) + 0.5, [f"{value:g}" for value in x[1]])
        axes.set_yticks(np.arange(len(y[1])) + 0.5, [f"{value:g}" for value in y[1]])
        axes.set_xlabel(x[0])
        axes.set_ylabel(y[0])
        plain_axes(axes)

    return svg(80 + 28 * len(y[1]), paint, f"Annual Sharpe ratio by {x[0]} and {y[0]}", Margins(left=64))


def _line(x: tuple[str, Sequence[float]], values: np.ndarray, chosen: int) -> str:
    def paint(figure: Figure) -> None:
        axes = figure.subplots()
        at = np.arange(len(x[1]))
        axes.plot(at, values, "o-", color=PALE, markeredgecolor=ACCENT)
        axes.plot(chosen, values[chosen], "o", color=ACCENT, markersize=8, label="this one")
        axes.axhline(0, color=MUTED, linewidth=0.8)
        axes.set_xticks(at, [f"{value:g}" for value in x[1]])
        axes.set_xlabel(x[0])
        axes.set_ylabel("Sharpe, annual")
        legend_above(axes)

    return svg(230, paint, f"Annual Sharpe ratio by {x[0]}", Margins(top=LEGEND_UNITS))
