"""The daily page."""

from dataclasses import dataclass
from typing import Any

from domain.evidence import Figure, Verdict
from reporting import charts
from reporting.amounts import percent, usd
from reporting.data import AllocationRow, DailyReport, DeskSummary
from reporting.page import drawn, render
from reporting.scorecard import score_rows
from reporting.tiles import Tile, tile, unknown_text
from reporting.values import Unknown

FIGURE_COLUMNS = (
    ("alpha_t", "Alpha t"),
    ("sharpe_annual", "Sharpe, net [95 %]"),
    ("max_drawdown", "Max drawdown"),
    ("maker_share", "Maker share"),
)
"""Figures of the evidence that the allocation table prints, each only where some pod has it."""


@dataclass(frozen=True)
class Row:
    """One line of the allocation table."""

    allocation: AllocationRow
    verdict: Verdict | None
    change: str
    used: str
    figures: tuple[Figure | None, ...]
    maker_outside: bool


def render_daily(report: DailyReport) -> str:
    """The whole page as one self-contained HTML document; a pure function of `report`."""
    columns = [(name, title) for name, title in FIGURE_COLUMNS if any(name in row.figures for row in report.allocations)]
    verdicts = {verdict.pod: verdict for verdict in report.verdicts}
    rows = [_row(row, verdicts.get(row.pod), [name for name, _ in columns]) for row in report.allocations]
    return render(
        "daily.html",
        report=report,
        simulated=report.mode.value == "SIMULATED",
        tiles=desk_tiles(report.desk),
        rows=rows,
        columns=columns,
        any_used=any(row.used for row in rows),
        total_usd=sum(row.limit_usd for row in report.allocations),
        total_change=_total_change(report.allocations),
        scores=score_rows(report.verdicts),
        plots=_plots(report),
        component_names=_component_names(report),
        seconds_total=sum(step.seconds for step in report.seconds),
        seconds_most=max((step.seconds for step in report.seconds), default=0.0),
    )


def desk_tiles(desk: DeskSummary) -> list[Tile]:
    """The headline in the order in which a risk officer asks."""
    return [
        *tile("NAV", desk.nav_usd, "USD"),
        *tile("Allocated, gross", desk.allocated_usd, "USD"),
        *tile("Volatility a year, ex ante", desk.volatility_ex_ante_annual, "fraction", bound=desk.volatility_limit_annual),
        *tile("Volatility a year, target", desk.volatility_target_annual, "fraction"),
        *tile("ES 97.5 %, one day", desk.es_97_5_1d, "fraction"),
        *tile("Gross, of NAV", desk.gross_exposure, "x", bound=desk.gross_limit),
        *tile("Net, of NAV", desk.net_exposure, "x", signed=True),
        *tile("BTC beta, worst signs", desk.btc_beta_usd, "USD", bound=desk.btc_beta_bound_usd, signed=True),
        *tile("BTC correlation, stress, before", desk.btc_correlation_before, "1"),
        *tile("BTC correlation, stress, after", desk.btc_correlation_after, "1", bound=desk.btc_correlation_cap),
    ]


def _row(row: AllocationRow, verdict: Verdict | None, names: list[str]) -> Row:
    used = row.used_share
    text = "" if used is None else unknown_text(used) if isinstance(used, Unknown) else percent(used)
    share = row.figures["maker_share"].value if "maker_share" in row.figures else None
    outside = share is not None and row.maker_intent is not None and not row.maker_intent[0] <= share <= row.maker_intent[1]
    return Row(
        row,
        verdict,
        change_text(row.limit_usd, row.previous_limit_usd),
        text,
        tuple(row.figures.get(name) for name in names),
        outside,
    )


def change_text(limit_usd: float, previous_usd: float | None) -> str:
    """`+250,000 (+25.0 %)`, `unchanged`, or `first limit` where there was none before."""
    if previous_usd is None:
        return "first limit"
    if limit_usd == previous_usd:
        return "unchanged"
    change = usd(limit_usd - previous_usd, signed=True)
    return change if previous_usd == 0 else f"{change} ({percent(limit_usd / previous_usd - 1, signed=True)})"


def _total_change(rows: tuple[AllocationRow, ...]) -> str:
    if any(row.previous_limit_usd is None for row in rows):
        return ""
    return change_text(sum(row.limit_usd for row in rows), sum(row.previous_limit_usd or 0.0 for row in rows))


def _component_names(report: DailyReport) -> list[str]:
    return charts.component_order({name: 0.0 for one in report.shortfall for name in one.parts_bps})


def _plots(report: DailyReport) -> dict[str, Any]:
    """Each plot that has data, by the name under which the template asks for it."""
    plots: dict[str, Any] = {}
    if report.allocations:
        plots["limits"] = drawn(charts.limit_bars([_limit_bar(row) for row in report.allocations]))
    if report.desk_series is not None:
        plots["desk"] = drawn(charts.equity_and_underwater(report.desk_series))
    if any(series.parts for series in report.series):
        plots["parts"] = drawn(charts.alpha_and_beta_by_pod(report.series))
    if report.correlation is not None:
        plots["correlation"] = drawn(charts.correlation_map(report.correlation.pods, report.correlation.matrix))
    if report.capacity:
        plots["capacity"] = drawn(charts.capacity_curves(report.capacity))
    plots["pods"] = [
        (series, drawn(charts.equity_and_underwater(series)), _end(series.cumulative_return)) for series in report.series
    ]
    plots["shortfall"] = [(one.pod, drawn(charts.shortfall_waterfall(one))) for one in report.shortfall]
    return plots


def _limit_bar(row: AllocationRow) -> tuple[str, float, float | None, float | None]:
    used = row.used_share if isinstance(row.used_share, float) else None
    return row.pod, row.limit_usd, row.previous_limit_usd, None if used is None else used * row.limit_usd


def _end(values: tuple[float | None, ...]) -> str:
    known = [value for value in values if value is not None]
    return percent(known[-1], signed=True) if known else "no day known"
