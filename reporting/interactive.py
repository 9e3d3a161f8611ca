"""The one figure of a page that a reader can zoom: plotly, embedded whole, allowed to run by its digest alone."""

import base64
import hashlib
import json
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from domain.arrays import FloatArray
from domain.canonical import rounded
from reporting.charts.canvas import ACCENT, INK, LINE, LOSS, MUTED, SERIES
from reporting.tear_sheet_data import Daily

FIGURE = "equity"
"""The element that the figure fills."""
WEALTH_MIN = 1e-3
DECIMALS = 5
"""Finer than any screen."""


@dataclass(frozen=True)
class Interactive:
    """Two scripts and the words of a content policy that let these two run and no other."""

    library: str
    drawing: str
    allowed: str


def equity_figure(daily: Daily) -> Interactive:
    """Growth of 1 on a log axis with the market at the strategy's volatility, and both below their peaks."""
    draw = f"Plotly.newPlot(box, {_json(_traces(daily))}, {_json(_LAYOUT)}, {_json(_SETTINGS)})"
    follow = "new ResizeObserver(() => Plotly.Plots.resize(box)).observe(box)"
    drawing = f"{{const box = document.getElementById({json.dumps(FIGURE)}); {draw}.then(() => {{{follow}}});}}"
    library = _library()
    return Interactive(library, drawing, f"script-src {_allowed(library)} {_allowed(drawing)}; img-src data: blob:; ")


def matched_market(daily: Daily) -> tuple[FloatArray, float] | None:
    """(D,) market returns scaled to the strategy's volatility over the whole sample, and the scale; None where it is unknown.

    The scale uses hindsight: it is for the eye, and no figure rests on it.
    """
    market = np.array([np.nan if value is None else value for value in daily.market_return], dtype=np.float64)
    known = np.isfinite(market)
    if known.sum() < 2 or market[known].std(ddof=1) == 0:
        return None
    scale = float(np.std(daily.net_return, ddof=1) / market[known].std(ddof=1))
    return np.where(known, market, 0.0) * scale, scale


def wealth_of(returns: FloatArray) -> FloatArray:
    return np.asarray(np.maximum(np.cumprod(np.maximum(1.0 + returns, 0.0)), WEALTH_MIN))


def _traces(daily: Daily) -> list[dict[str, Any]]:
    days = [str(day) for day in np.array(daily.day_us, dtype="datetime64[us]").astype("datetime64[D]")]
    lines = [("strategy, net", np.array(daily.net_return), ACCENT, 1.6)]
    matched = matched_market(daily)
    if matched is not None:
        lines.append((f"{daily.market} at its volatility (x {matched[1]:.2f})", matched[0], SERIES[1], 1.0))
    traces: list[dict[str, Any]] = []
    for name, returns, color, width in lines:
        wealth = wealth_of(returns)
        under = -100 * (1 - wealth / np.maximum(np.maximum.accumulate(wealth), 1.0))
        line = {"color": color, "width": width}
        shared = {"type": "scatter", "mode": "lines", "x": days, "line": line, "legendgroup": name}
        traces.append(shared | {"name": name, "y": wealth.tolist(), "hovertemplate": "%{y:.3f}"})
        fill = {"fill": "tozeroy", "fillcolor": "rgba(179,57,47,0.25)", "line": {"color": LOSS, "width": 0.8}}
        below = shared | {"name": "below peak: " + name, "y": under.tolist(), "yaxis": "y2", "showlegend": False}
        traces.append(below | {"hovertemplate": "%{y:.1f} %"} | (fill if not len(traces) > 1 else {}))
    return traces


_SMALL = {"color": MUTED, "size": 11}
_AXIS = {"gridcolor": LINE, "linecolor": MUTED, "zeroline": False, "tickfont": _SMALL}
_LAYOUT: dict[str, Any] = {
    "autosize": True,
    "height": 460,
    "margin": {"l": 52, "r": 8, "t": 34, "b": 70},
    "paper_bgcolor": "#ffffff",
    "plot_bgcolor": "#ffffff",
    "font": {"family": "system-ui, Segoe UI, Roboto, Helvetica, Arial, sans-serif", "color": INK, "size": 12},
    "hovermode": "x unified",
    "dragmode": "zoom",
    "legend": {"orientation": "h", "x": 0, "y": -0.13, "yanchor": "top", "font": {"size": 11}},
    "xaxis": {**_AXIS, "anchor": "y2", "type": "date", "title": {"text": "day, UTC", "font": _SMALL}},
    "yaxis": {**_AXIS, "domain": [0.34, 1], "type": "log", "title": {"text": "growth of 1, log", "font": _SMALL}},
    "yaxis2": {**_AXIS, "domain": [0, 0.28], "title": {"text": "below peak, %", "font": _SMALL}},
}
_SETTINGS = {"responsive": True, "displaylogo": False, "modeBarButtonsToRemove": ["lasso2d", "select2d"]}


def _json(value: Any) -> str:
    """No text of ours can end a script element early."""
    text = json.dumps(rounded(value, DECIMALS), separators=(",", ":"), sort_keys=True, allow_nan=False)
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


def _allowed(script: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'"


@lru_cache(maxsize=1)
def _library() -> str:
    from plotly.offline import get_plotlyjs  # type: ignore[import-untyped]

    library: str = get_plotlyjs()
    if "</script" in library.lower():
        raise ValueError("plotly's program would end its own element: it cannot be embedded as it is")
    return library
