"""Where each pod's return came from, and what its orders cost."""

from typing import Any

import numpy as np
import pyarrow as pa

from attribution.alpha_beta import Attribution, attribute
from attribution.drawdown_split import split_drawdowns
from attribution.figures import attribution_figures, fill_style_figures, shortfall_figures
from attribution.fill_style import fill_style
from attribution.shortfall_report import ShortfallReport, shortfall_report
from backtest.days import daily_closes, daily_returns
from domain.arrays import FloatArray, IntArray
from domain.evidence import Figure
from domain.market import Panel
from domain.record import PodRecord
from domain.times import iso
from measures.undefined import Undefined
from reporting.charts import alpha_and_beta_by_pod
from steps.artefacts import save_json, save_table
from steps.as_of_view import load_panel
from steps.records import load_records
from steps.run import Run, StepResult
from steps.series import pod_series

BENCHMARKS = {"btc": "BTCUSDT", "eth": "ETHUSDT"}


def attribution(run: Run) -> StepResult:
    """Split each pod's return into beta to BTC and ETH, known beforehand, and the residual; its orders' shortfall into parts."""
    days, benchmarks = benchmark_returns(load_panel(run))
    results, daily = {}, []
    records = load_records(run)
    for pod, record in records.items():
        aligned = benchmarks[np.searchsorted(days, record.day_us)]
        found = attribute(record.net_return, aligned, tuple(BENCHMARKS))
        cost = _shortfall(record)
        results[pod] = _as_json(found, cost, record)
        daily.append(_daily(pod, record, found))
    save_json(run, "attribution", results)
    save_table(run, "attribution_daily", pa.concat_tables(daily))
    return StepResult(
        headline=f"{len(results)} pods attributed to {' and '.join(BENCHMARKS.values())}",
        facts={"pods": len(results)},
        picture_svg=alpha_and_beta_by_pod(tuple(pod_series(run, records).values())),
        table=tuple(
            {
                "pod": pod,
                **{
                    name: _shown(row["figures"][name]["value"])
                    for name in ("alpha_t", "beta_btc", "r_squared", "shortfall_bps", "maker_share")
                },
            }
            for pod, row in results.items()
        ),
    )


def benchmark_returns(panel: Panel) -> tuple[IntArray, FloatArray]:
    """UTC days, (D,), and the daily returns of the benchmarks, (D, 2); NaN where the panel does not have one."""
    days, closes = daily_closes(panel)
    returns = daily_returns(closes)
    absent = np.full(len(days), np.nan)
    columns = [returns[:, panel.symbols.index(name)] if name in panel.symbols else absent for name in BENCHMARKS.values()]
    return days, np.column_stack(columns)


def attributed_figures(panel: Panel, record: PodRecord) -> dict[str, Figure]:
    """Everything that attribution says of one record, as figures of evidence."""
    days, benchmarks = benchmark_returns(panel)
    aligned = benchmarks[np.searchsorted(days, record.day_us)]
    return figures_of(attribute(record.net_return, aligned, tuple(BENCHMARKS)), _shortfall(record), record)


def drawdown_facts(panel: Panel, record: PodRecord) -> list[dict[str, Any]]:
    """The deepest drawdowns of a record by cause; all that is not cost, data or halt is alpha where beta is undefined."""
    days, benchmarks = benchmark_returns(panel)
    aligned = benchmarks[np.searchsorted(days, record.day_us)]
    found = attribute(record.net_return, aligned, tuple(BENCHMARKS))
    beta = np.zeros(len(record.day_us)) if isinstance(found, Undefined) else found.split.beta_pnl.sum(axis=1)
    return [
        {"from": iso(fall.from_us), "to": iso(fall.to_us), "depth": fall.depth, "cause": fall.cause, "parts": fall.part}
        for fall in split_drawdowns(record, beta)
    ]


def figures_of(found: Attribution | Undefined, cost: ShortfallReport | Undefined, record: PodRecord) -> dict[str, Figure]:
    style = fill_style(record.orders) if len(record.orders.side) else Undefined("the pod states returns and no orders")
    return attribution_figures(found, tuple(BENCHMARKS)) | shortfall_figures(cost) | fill_style_figures(style)


def _shortfall(record: PodRecord) -> ShortfallReport | Undefined:
    if not len(record.orders.side):
        return Undefined("the pod states returns and no orders")
    return shortfall_report(record.orders)


def _as_json(found: Attribution | Undefined, cost: ShortfallReport | Undefined, record: PodRecord) -> dict[str, Any]:
    figures = figures_of(found, cost, record)
    parts = (
        None
        if isinstance(cost, Undefined)
        else {"component_bps": cost.component_bps, "notional_usd": cost.notional_usd, "orders": cost.n_orders}
    )
    return {"figures": {name: figure.model_dump(mode="json") for name, figure in figures.items()}, "shortfall": parts}


def _daily(pod: str, record: PodRecord, found: Attribution | Undefined) -> pa.Table:
    """Alpha and beta PnL by day, fractions of capital; all of it is alpha where it could not be attributed."""
    if isinstance(found, Undefined):
        alpha, beta = record.net_return, np.zeros((len(record.day_us), len(BENCHMARKS)))
    else:
        alpha, beta = found.split.alpha_pnl, found.split.beta_pnl
    columns = {f"beta_{name}": beta[:, column] for column, name in enumerate(BENCHMARKS)}
    return pa.table({"pod": [pod] * len(record.day_us), "day_us": record.day_us, "alpha": alpha, **columns})


def _shown(value: float | None) -> float | str:
    return "undefined" if value is None else round(value, 3)
