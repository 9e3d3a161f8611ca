"""The book as a whole: limits and correlations; and estimates with their intervals."""

from collections.abc import Sequence

import numpy as np

from domain import evidence
from reporting.amounts import amount, figure_text, number, usd_tick
from reporting.charts.axes import floats, legend_above, name_margins, pod_axis, short_name, ticks
from reporting.charts.canvas import ACCENT, INK, MUTED, PALE, Figure, svg


def correlation_map(pods: Sequence[str], matrix: Sequence[Sequence[float | None]]) -> str:
    """Heat map with the number in each cell; rows carry names, columns the row's number; unknown cells are empty."""

    def paint(figure: Figure) -> None:
        axes = figure.subplots()
        values = np.array([floats(row) for row in matrix]).reshape(len(pods), len(pods))
        axes.pcolormesh(values, cmap="RdBu_r", vmin=-1.25, vmax=1.25, edgecolors="#ffffff", linewidth=1)
        for row, column in np.ndindex(values.shape):
            if np.isfinite(values[row, column]):
                strong = abs(values[row, column]) > 0.8
                axes.text(
                    column + 0.5,
                    row + 0.5,
                    number(float(values[row, column]), 2),
                    ha="center",
                    va="center",
                    fontsize=9.5,
                    color="#ffffff" if strong else INK,
                )
        axes.set_xticks(np.arange(len(pods)) + 0.5, [str(index + 1) for index in range(len(pods))])
        axes.invert_yaxis()
        axes.set_yticks(np.arange(len(pods)) + 0.5, [f"{index + 1}  {short_name(pod, 18)}" for index, pod in enumerate(pods)])
        axes.tick_params(length=0, labelcolor=INK, labeltop=True, labelbottom=False)
        axes.grid(visible=False)
        axes.spines[:].set_visible(False)

    return svg(
        40 + 29 * len(pods),
        paint,
        "Correlation of daily net returns between pods",
        name_margins([f"8  {pod}" for pod in pods], 20, 6),
    )


def limit_bars(rows: Sequence[tuple[str, float, float | None, float | None]]) -> str:
    """(pod, limit, previous limit, gross in use), USD: the pale bar is the limit, the dark one its use, the tick what it was."""

    def paint(figure: Figure) -> None:
        from matplotlib.ticker import FuncFormatter

        axes = figure.subplots()
        at = np.arange(len(rows))
        axes.barh(at, [row[1] for row in rows], height=0.62, color=PALE, label="limit")
        used = [(index, row[3]) for index, row in enumerate(rows) if row[3] is not None]
        if used:
            axes.barh([index for index, _ in used], [value for _, value in used], height=0.26, color=ACCENT, label="in use")
        before = [(row[2], index) for index, row in enumerate(rows) if row[2] is not None]
        if before:
            axes.plot(*zip(*before, strict=True), "|", color=INK, markersize=14, markeredgewidth=2, label="limit before")
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: usd_tick(value)))
        axes.xaxis.set_major_locator(ticks(6))
        axes.set_xlim(left=0)
        axes.set_xlabel("USD gross")
        legend_above(axes)
        pod_axis(axes, [row[0] for row in rows])

    return svg(
        90 + 27 * len(rows), paint, "Limits by pod, their use and what they were before", name_margins([row[0] for row in rows])
    )


def intervals(rows: Sequence[tuple[str, evidence.Figure]], unit_label: str) -> str:
    """Estimates with their 95 % intervals, one below the other on one axis; an undefined one is said to be so."""

    def paint(figure: Figure) -> None:
        axes = figure.subplots()
        for index, (_, figure_of_row) in enumerate(rows):
            value = figure_of_row.value
            if value is None:
                axes.annotate("undefined", (0, index), (4, 0), textcoords="offset points", va="center", color=MUTED)
                continue
            low = value if figure_of_row.low is None else figure_of_row.low
            high = value if figure_of_row.high is None else figure_of_row.high
            axes.plot([low, high], [index, index], color=PALE, linewidth=5, solid_capstyle="butt")
            axes.plot(value, index, "o", color=ACCENT, markersize=5)
            axes.annotate(
                amount(value, figure_of_row.unit), (value, index), (0, 6), textcoords="offset points", ha="center", fontsize=9.5
            )
        axes.axvline(0, color=MUTED, linewidth=0.8)
        axes.set_xlabel(unit_label)
        axes.xaxis.set_major_locator(ticks(6))
        pod_axis(axes, [label for label, _ in rows])

    said = "; ".join(f"{label}: {figure_text(figure_of_row)}" for label, figure_of_row in rows)
    return svg(
        60 + 34 * len(rows), paint, f"{unit_label} with 95 % intervals. {said}", name_margins([label for label, _ in rows], 8)
    )
