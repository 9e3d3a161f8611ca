"""The book with every pod at its limit, and what each pod costs at every size."""

from typing import Any

import numpy as np

from allocation.capacity import adv_share, cost_annual, exit_days
from domain.times import DAYS_PER_YEAR
from reporting.charts import capacity_curves as draw_capacity
from steps.artefacts import load_json, save_json
from steps.capacities import capacity_of, still_trading
from steps.desk import load_desk
from steps.limits import load_limits
from steps.market_risk import load_impact
from steps.records import load_records
from steps.run import Run, StepResult
from steps.series import capacity_curves

SIZES = 25


def stress_and_capacity(run: Run) -> StepResult:
    """What the limits come to as a book, against its bounds and with BTC; and what each pod costs at every size."""
    desk, impact, records = load_desk(run.source.simulated), load_impact(run), load_records(run)
    top_usd = desk.ladder.tiers[-1].cap_usd
    curves: dict[str, dict[str, Any]] = {}
    for line in load_limits(run):
        record, liquidity = still_trading(run, records[line.pod])
        turnover, sizes = float(record.turnover.mean()), np.geomspace(desk.floor_usd / 5, 3 * top_usd, SIZES)
        if not turnover > 0:
            continue
        costs = [cost_annual(record, liquidity, impact.high, float(size)) / (turnover * DAYS_PER_YEAR) * 1e4 for size in sizes]
        if not np.isfinite(costs).all():
            continue
        curves[line.pod] = {
            "capital_usd": [float(size) for size in sizes],
            "cost_bps": costs,
            "limit_usd": line.limit_usd,
            "capacity_usd": capacity_of(run, record)[0].usd,
            "exit_days": exit_days(record, liquidity, desk.capacity, line.limit_usd) if line.limit_usd else 0.0,
            "adv_share": adv_share(record, liquidity, line.limit_usd) if line.limit_usd else 0.0,
        }
    save_json(run, "capacity", curves)
    stress = load_json(run, "allocation")["stress"]
    alarms = stress["alarms"]
    return StepResult(
        headline=f"gross {stress['gross_usd']:,.0f} of {stress['gross_limit_usd']:,.0f} USD, volatility "
        f"{_share(stress['volatility_annual'])} a year of NAV, correlation with BTC {_number(stress['btc_correlation'])}"
        + (f"; {'; '.join(alarms)}" if alarms else ""),
        facts={"alarms": len(alarms), "gross_usd": stress["gross_usd"]},
        picture_svg=draw_capacity(tuple(capacity_curves(run).values())) if curves else None,
        table=tuple(
            {
                "pod": pod,
                "limit USD": row["limit_usd"],
                "capacity USD": "unknown" if row["capacity_usd"] is None else round(row["capacity_usd"]),
            }
            for pod, row in curves.items()
        ),
    )


def _share(value: float | None) -> str:
    return "unknown" if value is None else f"{value:.1%}"


def _number(value: float | None) -> str:
    return "unknown" if value is None else f"{value:.2f}"
