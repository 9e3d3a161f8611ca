"""Axes that several plots share."""

import math
from collections.abc import Sequence
from datetime import UTC

import numpy as np

from domain.arrays import FloatArray
from reporting.charts.canvas import INK, Axes, Margins


def floats(values: Sequence[float | None]) -> FloatArray:
    return np.array([math.nan if value is None else value for value in values], dtype=np.float64)


def growth_axis(axes: Axes, growth: FloatArray) -> None:
    from matplotlib.ticker import FixedFormatter, FixedLocator, NullLocator

    known = growth[np.isfinite(growth)]
    low, high = (float(known.min()), float(known.max())) if len(known) else (1.0, 1.0)
    low, high = min(low, 0.99) / 1.02, max(high, 1.01) * 1.02
    ticks = growth_ticks(low, high)
    axes.set_yscale("log")
    axes.set_ylim(low, high)
    axes.yaxis.set_major_locator(FixedLocator(ticks))
    axes.yaxis.set_major_formatter(FixedFormatter([f"{tick:g}" for tick in ticks]))
    axes.yaxis.set_minor_locator(NullLocator())


def growth_ticks(low: float, high: float) -> list[float]:
    """Round multiples on a log axis, 1 among them: the coarsest spacing that leaves three inside [low, high]."""
    decades = [10.0**power for power in range(-4, 7)]
    spacings = [[decade * step for decade in decades for step in steps] for steps in ((1,), (1, 2, 5), (1, 1.5, 2, 3, 5, 7))]
    spacings += [[round(index * step, 3) for index in range(1, round(3 / step))] for step in (0.2, 0.1, 0.05, 0.02, 0.01)]
    for ticks in spacings:
        inside = [tick for tick in ticks if low <= tick <= high]
        if len(inside) >= 3:
            return inside
    return [1.0]


def day_axis(axes: Axes) -> None:
    from matplotlib.dates import AutoDateLocator, ConciseDateFormatter

    locator = AutoDateLocator(tz=UTC, minticks=3, maxticks=7)  # type: ignore[no-untyped-call]
    axes.xaxis.set_major_locator(locator)
    formatter = ConciseDateFormatter(locator, tz=UTC, show_offset=False)  # type: ignore[no-untyped-call]
    axes.xaxis.set_major_formatter(formatter)
    axes.set_xlabel("day, UTC")


def ticks(most: int) -> object:
    from matplotlib.ticker import MaxNLocator

    return MaxNLocator(nbins=most)


def legend_above(axes: Axes) -> None:
    """Bars before marks, in one line."""
    handles, labels = axes.get_legend_handles_labels()
    order = sorted(range(len(labels)), key=lambda index: hasattr(handles[index], "get_marker"))
    axes.legend(
        [handles[index] for index in order],
        [labels[index] for index in order],
        ncols=4,
        loc="lower left",
        bbox_to_anchor=(0, 1),
        borderaxespad=0.2,
        handlelength=1,
        columnspacing=1,
    )


def pod_axis(axes: Axes, names: Sequence[str]) -> None:
    axes.set_yticks(np.arange(len(names)), [short_name(name) for name in names])
    axes.tick_params(axis="y", labelcolor=INK)
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.grid(visible=False, axis="y")


LEGEND_UNITS = 24
"""Height of one line of legend above the axes."""


def name_margins(names: Sequence[str], top: float = LEGEND_UNITS, bottom: float = 38) -> Margins:
    """Room for the longest name at the left."""
    longest = max((len(short_name(name)) for name in names), default=0)
    return Margins(left=max(54, 12 + 6.3 * longest), top=top, bottom=bottom)


def short_name(name: str, most: int = 20) -> str:
    return name if len(name) <= most else name[: most - 1] + "…"
