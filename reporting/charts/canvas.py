"""From a drawing to a small inline SVG: same input, same bytes, text as text, nothing loaded from anywhere."""

import io
import re
from collections.abc import Callable
from dataclasses import dataclass
from html import escape
from typing import Any, TypeAlias

Figure: TypeAlias = Any
Axes: TypeAlias = Any
"""matplotlib's, which is imported only where something is drawn."""

INK, MUTED, LINE = "#16212c", "#5a6878", "#dde3ea"
ACCENT, PALE = "#1f4e79", "#a9c1d9"
LOSS, GAIN = "#b3392f", "#2b7a55"
SERIES = ("#1f4e79", "#c8741a", "#2b7a55", "#8b3f8f", "#b3392f", "#3f8fa8", "#8a6d1f", "#6b7785")
"""Colours by position; line styles change after each round, so that no two of 16 pods look alike."""
DASHES = ("solid", (0, (4, 2)))

WIDTH = 400
"""Drawing units across. A chart is laid out for a phone's width and stands in a grid of columns on a desk."""

_STYLE: dict[str, Any] = {
    "svg.fonttype": "none",
    "svg.hashsalt": "alpha-factory",
    "text.parse_math": False,
    "font.size": 11,
    "font.family": "DejaVu Sans",
    "text.color": INK,
    "axes.edgecolor": MUTED,
    "axes.labelcolor": MUTED,
    "axes.labelsize": 10.5,
    "axes.linewidth": 0.6,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.xmargin": 0.02,
    "axes.axisbelow": True,
    "grid.color": LINE,
    "grid.linewidth": 0.6,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "xtick.labelsize": 10.5,
    "ytick.labelsize": 10.5,
    "xtick.major.size": 3,
    "ytick.major.size": 0,
    "ytick.minor.size": 0,
    "xtick.minor.size": 0,
    "legend.frameon": False,
    "legend.fontsize": 10.5,
    "lines.linewidth": 1.4,
    "lines.solid_capstyle": "round",
    "axes.formatter.useoffset": False,
}


@dataclass(frozen=True)
class Margins:
    """Room around the axes in drawing units. Stated and not searched for: a search draws every plot twice."""

    left: float = 54
    right: float = 10
    top: float = 8
    bottom: float = 38


def svg(height: int, paint: Callable[[Figure], None], label: str, margins: Margins) -> str:
    """An inline `<svg>` of WIDTH x `height` units that fills its box; `label` is what a screen reader says.

    Bytes depend on the arguments alone: no date, no random id, and no setting of the machine.
    """
    from matplotlib import style
    from matplotlib.figure import Figure as MatplotlibFigure

    with style.context(["default", _STYLE]):
        figure = MatplotlibFigure(figsize=(WIDTH / 72, height / 72))
        figure.subplots_adjust(
            left=margins.left / WIDTH,
            right=1 - margins.right / WIDTH,
            bottom=margins.bottom / height,
            top=1 - margins.top / height,
        )
        figure.patch.set_visible(False)
        paint(figure)
        out = io.StringIO()
        figure.savefig(out, format="svg", metadata=dict.fromkeys(("Creator", "Date", "Format", "Type")))
    head = f'<svg class="chart" role="img" aria-label="{escape(label, quote=True)}" viewBox="0 0 {WIDTH} {height}">'
    return head + _body(out.getvalue())


def _body(document: str) -> str:
    """What stands inside `<svg>`, without metadata and the ids of groups, which would repeat on a page."""
    body = document[document.index(">", document.index("<svg")) + 1 :]
    for dispensable in (r"<metadata>.*?</metadata>", r"<!--.*?-->", r'<style type="text/css">.*?</style>'):
        body = re.sub(dispensable, "", body, flags=re.DOTALL)
    body = re.sub(r'<g id="[^"]*">', "<g>", body)
    body = re.sub(r'<path [^>]*?d="[^"]*"', _compact_path, body).replace("<use xlink:href=", "<use href=")
    return re.sub(r">\s+<", "><", body).strip()


def _compact_path(match: re.Match[str]) -> str:
    """A tenth of a unit is finer than any screen shows."""
    return " ".join(re.sub(r"(\d+\.\d)\d+", r"\1", match.group(0)).split())
