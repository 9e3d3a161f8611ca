"""What a prediction is worth before trading."""

from collections.abc import Sequence

import numpy as np

from reporting.amounts import number
from reporting.charts.axes import floats
from reporting.charts.canvas import ACCENT, GAIN, INK, LOSS, MUTED, PALE, Figure, Margins, svg

Points = Sequence[tuple[float, float | None, float | None]]


def coefficients(points: Points) -> str:
    """Rank correlation by horizon, with the t-statistic above each bar."""
    values = floats([value for _, value, _ in points])

    def paint(figure: Figure) -> None:
        axes = figure.subplots()
        at = np.arange(len(points))
        axes.bar(at, np.nan_to_num(values), width=0.62, color=[PALE if not value < 0 else LOSS for value in values])
        for index, (_, value, t) in enumerate(points):
            if value is not None and t is not None:
                above = (0, 3) if value >= 0 else (0, -11)
                axes.annotate(f"t {number(t, 1)}", (index, value), above, textcoords="offset points", ha="center", fontsize=9)
        axes.axhline(0, color=MUTED, linewidth=0.8)
        axes.margins(y=0.16)
        axes.set_xticks(at, [f"{hours:g}" for hours, _, _ in points])
        axes.set_xlabel("hours ahead")
        axes.set_ylabel("rank correlation")
        axes.grid(visible=False, axis="x")

    return svg(225, paint, "Rank correlation of prediction and return by horizon", Margins(left=66))


def decay(points: Points, half_life_hours: float | None) -> str:
    """Rank correlation with the return that begins later and later; the half-life marked."""
    values = floats([value for _, value, _ in points])

    def paint(figure: Figure) -> None:
        axes = figure.subplots()
        axes.plot([hours for hours, _, _ in points], values, "o-", color=ACCENT, markersize=4)
        axes.axhline(0, color=MUTED, linewidth=0.8)
        if half_life_hours is not None:
            axes.axvline(half_life_hours, color=INK, linewidth=0.8, linestyle=(0, (4, 2)))
        axes.set_xlabel("hours of delay")
        axes.set_ylabel("rank correlation")

    return svg(225, paint, "Rank correlation by delay", Margins(left=66))


def quantile_returns(bps: Sequence[float | None]) -> str:
    """Mean return by fifth of the predictions, bp."""
    values = floats(bps)

    def paint(figure: Figure) -> None:
        axes = figure.subplots()
        at = np.arange(len(bps))
        axes.bar(at, np.nan_to_num(values), width=0.62, color=[GAIN if value > 0 else LOSS for value in values])
        for index, value in enumerate(bps):
            if value is not None:
                above = (0, 3) if value >= 0 else (0, -11)
                text = number(value, 1, signed=True)
                axes.annotate(text, (index, value), above, textcoords="offset points", ha="center", fontsize=9.5)
        axes.axhline(0, color=MUTED, linewidth=0.8)
        axes.margins(y=0.16)
        axes.set_xticks(at, ["lowest", *(str(index + 1) for index in at[1:-1]), "highest"])
        axes.set_xlabel("fifth of the predictions")
        axes.set_ylabel("mean return, bp")
        axes.grid(visible=False, axis="x")

    return svg(225, paint, "Mean return over the horizon by fifth of the predictions", Margins())
