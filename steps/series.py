"""Histories for the pages."""

import numpy as np
import pyarrow.compute as pc

from domain.record import PodRecord
from measures.drawdown import underwater
from reporting.values import CapacityCurve, PodSeries, Shortfall
from steps.artefacts import load_json, load_table
from steps.run import Run

PARTS = {"alpha": "alpha", "beta_btc": "BTC beta", "beta_eth": "ETH beta"}


def pod_series(run: Run, records: dict[str, PodRecord]) -> dict[str, PodSeries]:
    """Equity, drawdown and the split of each day's return, by pod."""
    daily = load_table(run, "attribution_daily")
    found = {}
    for pod, record in records.items():
        rows = daily.filter(pc.equal(daily["pod"], pod))
        found[pod] = PodSeries(
            pod=pod,
            day_us=tuple(int(day) for day in record.day_us),
            cumulative_return=tuple(float(value) for value in np.cumprod(1 + record.net_return) - 1),
            drawdown=tuple(float(value) for value in underwater(record.net_return)),
            parts={label: tuple(float(value) for value in rows[name].to_numpy()) for name, label in PARTS.items()},
        )
    return found


def capacity_curves(run: Run) -> dict[str, CapacityCurve]:
    """By pod; only of pods whose costs are known."""
    return {
        pod: CapacityCurve(
            pod=pod,
            capital_usd=tuple(row["capital_usd"]),
            cost_bps=tuple(row["cost_bps"]),
            limit_usd=row["limit_usd"] or None,
            capacity_usd=row["capacity_usd"],
        )
        for pod, row in load_json(run, "capacity").items()
    }


def shortfalls(run: Run) -> dict[str, Shortfall]:
    """By pod; only of pods that have orders."""
    found = {}
    for pod, row in load_json(run, "attribution").items():
        parts, figure = row["shortfall"], row["figures"]["shortfall_bps"]
        if parts is not None:
            found[pod] = Shortfall(
                pod=pod,
                orders=parts["orders"],
                notional_usd=parts["notional_usd"],
                parts_bps=parts["component_bps"],
                total_low_bps=figure["low"],
                total_high_bps=figure["high"],
            )
    return found
