"""Families of worthless variants against the gates, and what a planted edge needs.

Run: `python -m benchmarks.noise [FAMILIES] [PLOT.svg]`. The share of families that passes each gate is printed beside its nominal
rate; then the power of the DSR gate by true Sharpe ratio and length, as a table and, where a file is named, as a plot.
"""

import math
import sys
from pathlib import Path

import numpy as np

from tests.model.noise_families import LEVEL, PBO_MAX, SHARPES, YEARS, Size, plateau, power_table, shares


def draw_power(table: dict[tuple[float, int], float], variants: int) -> str:
    """SVG: a line for each length."""
    from reporting.charts.axes import legend_above
    from reporting.charts.canvas import MUTED, SERIES, Figure, Margins, svg

    def paint(figure: Figure) -> None:
        axes = figure.subplots()
        for years, color in zip(YEARS, SERIES, strict=False):
            axes.plot(SHARPES, [table[sharpe, years] for sharpe in SHARPES], "o-", color=color, label=f"{years} y")
        axes.axhline(0.8, color=MUTED, linewidth=0.8)
        axes.set_ylim(-0.02, 1.02)
        axes.set_xlabel("true Sharpe ratio, annual")
        axes.set_ylabel("share found")
        legend_above(axes)

    drawn = svg(260, paint, f"Power of the DSR gate after a search of {variants} variants", Margins(top=24))
    return drawn.replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" ', 1)


def main(families: int, plot: str | None) -> int:
    size = Size(families=families)
    nominal = {
        "PSR of one variant named beforehand": f"{LEVEL:.1%}",
        "PSR of the best, not deflated": "no rate: it ignores the search",
        "DSR of the best": f"at most {LEVEL:.1%}",
        "PBO by rank alone": f"none stated: uniform ranks put its mean at one half; for comparison at {PBO_MAX:g}",
        "PBO": f"none stated: the gate is at {PBO_MAX:g}",
        "SPA": f"at most {LEVEL:.1%}",
    }
    worthless = shares(size, np.zeros(size.variants))
    good = shares(Size(families=max(10, families // 10)), plateau(size.variants, 2.0), seed=10_001)
    print(f"{families} families of {size.variants} worthless variants, {size.days} days; and a plateau of Sharpe ratio 2")
    print(f"{'gate':<38}{'worthless':>10}{'plateau':>10}   nominal for worthless ones")
    for name, share in worthless.items():
        print(f"{name:<38}{share:>10.1%}{good[name]:>10.1%}   {nominal[name]}")
    table = power_table(20, families)
    print("\nshare of planted edges found by the DSR gate after a search of 20, by true Sharpe ratio and years")
    print(f"{'':<8}" + "".join(f"{years:>7} y" for years in YEARS))
    for sharpe in SHARPES:
        print(f"{sharpe:<8}" + "".join(f"{table[sharpe, years]:>9.0%}" for years in YEARS))
    if plot is not None:
        Path(plot).write_text(draw_power(table, 20))
    error = 3 * math.sqrt(LEVEL * (1 - LEVEL) / families)
    held = worthless["DSR of the best"] <= LEVEL + error and worthless["SPA"] <= LEVEL + error
    return int(not held or good["PBO"] < 0.9)


if __name__ == "__main__":
    raise SystemExit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 200, sys.argv[2] if len(sys.argv) > 2 else None))
