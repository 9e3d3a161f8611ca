"""Runs beside each other."""

from collections.abc import Sequence

import numpy as np

from reporting.charts.axes import LEGEND_UNITS, day_axis, growth_axis, legend_above
from reporting.charts.canvas import ACCENT, LOSS, MUTED, SERIES, Figure, Margins, svg
from reporting.charts.history import POINTS_MAX


def growth_of_runs(runs: Sequence[tuple[str, Sequence[int], Sequence[float]]]) -> str:
    """Growth of 1 of each run (label, days in microseconds, wealth) on one log axis; the second dashed."""

    def paint(figure: Figure) -> None:
        axes = figure.subplots()
        drawn = []
        for number, (label, day_us, wealth) in enumerate(runs):
            at = np.unique(np.linspace(0, len(day_us) - 1, POINTS_MAX).round()).astype(np.int64)
            growth = np.maximum(np.array(wealth, dtype=np.float64)[at], 1e-3)
            colour = (ACCENT, LOSS, *SERIES)[number]
            style = "--" if number == 1 else "-"
            axes.plot(np.array(day_us, dtype="datetime64[us]")[at], growth, style, color=colour, linewidth=1.2, label=label)
            drawn.append(growth)
        axes.axhline(1, color=MUTED, linewidth=0.8)
        growth_axis(axes, np.concatenate(drawn))
        axes.set_ylabel("growth of 1, log")
        legend_above(axes)
        day_axis(axes)

    return svg(240, paint, "Growth of 1 of each run", Margins(top=LEGEND_UNITS))
