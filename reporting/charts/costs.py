"""What trading costs: shortfall by component, and cost against size."""

import math
from collections.abc import Mapping, Sequence

import numpy as np

from reporting.amounts import number, usd_tick
from reporting.charts.axes import short_name
from reporting.charts.canvas import DASHES, GAIN, INK, LOSS, MUTED, SERIES, Figure, Margins, svg
from reporting.values import CapacityCurve, Shortfall

COMPONENTS = ("delay", "trading", "spread", "impact", "timing", "opportunity", "fees")
"""In the order in which they arise."""


def shortfall_waterfall(shortfall: Shortfall) -> str:
    """From decision price to realised price: each component in bp of decision notional, then the total with its interval."""
    names = component_order(shortfall.parts_bps)
    values = np.array([shortfall.parts_bps[name] for name in names])
    edges = np.concatenate([[0.0], np.cumsum(values)])

    def paint(figure: Figure) -> None:
        axes = figure.subplots()
        at = np.arange(len(names) + 1)
        axes.bar(at[:-1], values, bottom=edges[:-1], width=0.62, color=[LOSS if value > 0 else GAIN for value in values])
        axes.bar(at[-1], edges[-1], width=0.62, color=INK)
        for index, edge in enumerate(edges[1:]):
            axes.plot([index - 0.31, index + 1.31], [edge, edge], color=MUTED, linewidth=0.6)
        tops = [*np.maximum(edges[:-1], edges[1:]), max(edges[-1], 0.0)]
        if shortfall.total_low_bps is not None and shortfall.total_high_bps is not None:
            axes.plot([at[-1]] * 2, [shortfall.total_low_bps, shortfall.total_high_bps], color=SERIES[1], linewidth=2)
            tops[-1] = max(tops[-1], shortfall.total_high_bps)
        for index, (value, top) in enumerate(zip([*values, edges[-1]], tops, strict=True)):
            axes.annotate(number(value, 1, signed=True), (index, top), (0, 3), textcoords="offset points", ha="center", color=INK)
        axes.axhline(0, color=MUTED, linewidth=0.8)
        axes.margins(y=0.14)
        axes.set_xticks(at, [*names, "total"])
        axes.tick_params(axis="x", labelcolor=INK)
        axes.set_ylabel("bp of decision notional")
        axes.grid(visible=False, axis="x")

    return svg(
        235, paint, f"Shortfall waterfall of {shortfall.pod}, {number(shortfall.total_bps, 1)} bp in total", Margins(bottom=24)
    )


def component_order(parts: Mapping[str, float]) -> list[str]:
    """Components in the order in which they arise, unnamed ones last."""
    return [name for name in COMPONENTS if name in parts] + sorted(name for name in parts if name not in COMPONENTS)


def capacity_curves(curves: Sequence[CapacityCurve], budget_bps: float | None = None) -> str:
    """Average cost in bp against size in USD, both log; a dot marks today's limit, a cross the stated capacity."""

    def paint(figure: Figure) -> None:
        from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

        axes = figure.subplots()
        for index, curve in enumerate(curves):
            color, dash = SERIES[index % 8], DASHES[index // 8 % 2]
            axes.plot(curve.capital_usd, curve.cost_bps, color=color, linestyle=dash, label=short_name(curve.pod))
            for at, marker in ((curve.limit_usd, "o"), (curve.capacity_usd, "x")):
                if at and curve.capital_usd[0] <= at <= curve.capital_usd[-1]:
                    axes.plot(at, np.interp(at, curve.capital_usd, curve.cost_bps), marker, color=color, markersize=5)
        if budget_bps is not None:
            axes.axhline(budget_bps, color=INK, linewidth=0.8, linestyle=DASHES[1])
        axes.set_xscale("log")
        axes.set_yscale("log")
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: usd_tick(value)))
        axes.yaxis.set_major_locator(LogLocator(base=10, subs=(1, 2, 5), numticks=12))
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        axes.xaxis.set_minor_locator(NullLocator())
        axes.yaxis.set_minor_locator(NullLocator())
        axes.set_xlabel("pod capital, USD (log)")
        axes.set_ylabel("cost, bp of traded (log)")
        if len(curves) > 1:
            figure.legend(*axes.get_legend_handles_labels(), loc="upper left", ncols=2, handlelength=1.4, borderaxespad=0)

    legend = 18 * math.ceil(len(curves) / 2) if len(curves) > 1 else 0
    return svg(215 + legend, paint, "Cost of trading against size by pod", Margins(top=10 + legend))
