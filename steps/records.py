"""Pod records as Parquet tables that any DuckDB or Polars session can read, and back."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from domain.record import COMPONENTS, Orders, PodRecord
from steps.artefacts import load_table, save_table
from steps.run import Run

_DAILY = ("net_return", "gross_exposure", "net_exposure", "turnover")
_BY_SYMBOL = ("position_mean_abs_usd", "position_last_usd", "traded_usd")
_ORDERS = tuple(Orders.__dataclass_fields__)


def save_records(run: Run, records: Mapping[str, PodRecord]) -> dict[str, str]:
    """Write `pod_daily`, `pod_symbols` and `pod_orders`; returns their digests."""
    ordered = [records[name] for name in sorted(records)]
    return {
        "pod_daily": save_table(run, "pod_daily", pa.concat_tables([_daily(record) for record in ordered])),
        "pod_symbols": save_table(run, "pod_symbols", pa.concat_tables([_symbols(record) for record in ordered])),
        "pod_orders": save_table(run, "pod_orders", pa.concat_tables([_orders(record) for record in ordered])),
    }


def record_tables(record: PodRecord) -> dict[str, pa.Table]:
    """One pod's record as its three tables."""
    return {"daily": _daily(record), "symbols": _symbols(record), "orders": _orders(record)}


def load_records(run: Run) -> dict[str, PodRecord]:
    """Every pod's record of this cycle, by name."""
    daily, symbols, orders = (load_table(run, name) for name in ("pod_daily", "pod_symbols", "pod_orders"))
    names = pc.unique(daily["pod"]).to_pylist()
    return {name: _record(name, *(_only(table, name) for table in (daily, symbols, orders))) for name in names}


def _daily(record: PodRecord) -> pa.Table:
    days = len(record.day_us)
    columns = {"pod": [record.pod] * days, "capital_usd": [record.capital_usd] * days, "day_us": record.day_us}
    columns |= {name: getattr(record, name) for name in _DAILY}
    columns |= {f"component_{name}": record.component[name] for name in COMPONENTS}
    return pa.table(columns)


def _symbols(record: PodRecord) -> pa.Table:
    columns = {"pod": pa.array([record.pod] * len(record.symbols), pa.string()), "symbol": pa.array(record.symbols, pa.string())}
    return pa.table(columns | {name: getattr(record, name) for name in _BY_SYMBOL})


def _orders(record: PodRecord) -> pa.Table:
    columns = {"pod": pa.array([record.pod] * len(record.orders.side), pa.string())}
    return pa.table(columns | {name: getattr(record.orders, name) for name in _ORDERS})


def _only(table: pa.Table, pod: str) -> pa.Table:
    return table.filter(pc.equal(table["pod"], pod))


def _array(table: pa.Table, name: str) -> np.ndarray:
    return np.asarray(table[name].to_numpy())


def _record(pod: str, daily: pa.Table, symbols: pa.Table, orders: pa.Table) -> PodRecord:
    series: dict[str, Any] = {name: _array(daily, name) for name in _DAILY} | {name: _array(symbols, name) for name in _BY_SYMBOL}
    return PodRecord(
        pod=pod,
        capital_usd=float(daily["capital_usd"][0].as_py()),
        symbols=tuple(symbols["symbol"].to_pylist()),
        day_us=_array(daily, "day_us"),
        component={name: _array(daily, f"component_{name}") for name in COMPONENTS},
        orders=Orders(**{name: _array(orders, name) for name in _ORDERS}),
        **series,
    )
