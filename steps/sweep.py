"""`factory sweep`: a grid of configurations, each on record before its result is seen, into one table that survives a kill."""

import io
import os
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from domain.arrays import FloatArray, IntArray
from domain.canonical import canonical_bytes, digest
from domain.errors import Refused
from domain.market import SIMULATED_VENUE
from domain.record import PodRecord
from domain.strategy import Manifest, Parameter
from domain.times import DAYS_PER_YEAR, US_PER_DAY
from durable.files import write_durably
from measures.drawdown import max_drawdown, total_return
from measures.sharpe import sharpe_annual
from measures.volatility import volatility_annual
from steps.as_of_view import DataView
from steps.home import Home
from steps.pod_returns import Workbench
from steps.roster import Member
from steps.trial_returns import keep_returns
from steps.trials import TRIAL, trial_body, trial_keys
from steps.trust import open_log

ARRAYS_IN_FLIGHT = 16
"""Panels' worth of memory that one configuration takes while it is predicted, sized and simulated."""
CHUNK_MAX = 32
"""Configurations between two writes of the table: what a kill can cost."""
TABLE = "results.parquet"

Told = Callable[[int, int], None]
Parameters = dict[str, Parameter]


@dataclass(frozen=True)
class Swept:
    """What a table holds of one package on one view, in the order of its rows."""

    configurations: tuple[Parameters, ...]
    day_us: IntArray
    net_return: FloatArray
    """(D, K) of those that could be evaluated."""


@dataclass(frozen=True)
class SweepResult:
    id: str
    table: Path
    asked: int
    evaluated: int
    refused: int
    best: dict[str, Any] | None


def asked_configurations(manifest: Manifest, stated: Sequence[str]) -> tuple[Parameters, ...]:
    """The whole grid of the manifest, or every combination of `K=V1,V2,...` with the rest as chosen, each once.

    Raises Refused where a parameter is unknown or a value no number.
    """
    if not stated:
        return manifest.configurations()
    axes = dict(_axis(manifest, text) for text in stated)
    names, base = tuple(axes), dict(manifest.parameters)
    combined = [{**base, **dict(zip(names, values, strict=True))} for values in product(*axes.values())]
    return tuple({canonical_bytes(one): one for one in combined}.values())


def sweep(
    home: Home,
    member: Member,
    bench: Workbench,
    view: DataView,
    configurations: Sequence[Parameters],
    *,
    memory_gib: float,
    told: Told,
    workers: int | None = None,
) -> SweepResult:
    """Evaluate what the table lacks, chunk by chunk within `memory_gib`, and write the table after each chunk.

    On so many `workers`, as many as there are cores where left out; the table does not depend on their number.

    All configurations go to the log as trials first. A configuration that the strategy refuses has its reason in the table.
    """
    open_log(home).append_many([(TRIAL, trial_body(member, one, view)) for one in configurations])
    identity = sweep_id(member, bench, view)
    path = home.root / "reports" / "sweeps" / identity / TABLE
    rows = {row["configuration"]: row for row in _rows(path)}
    missing = [one for one in configurations if _key(one) not in rows]
    told(len(configurations) - len(missing), len(configurations))
    size = chunk_size(bench.charged.close.nbytes, memory_gib)
    for first in range(0, len(missing), size):
        chunk = missing[first : first + size]
        with bench.asking(member), ThreadPoolExecutor(workers or len(os.sched_getaffinity(0))) as pool:
            found = list(pool.map(lambda one: _evaluated(member, bench, one), chunk))
        rows |= {row["configuration"]: row for row in found}
        _remember(home, member, view, chunk, found)
        bench.forget()
        _write(path, [rows[key] for key in sorted(rows)])
        told(len(configurations) - len(missing) + first + len(chunk), len(configurations))
    own = [rows[_key(one)] for one in configurations]
    known = [row for row in own if row["sharpe_annual"] is not None]
    best = max(known, key=lambda row: (row["sharpe_annual"], row["configuration"]), default=None)
    return SweepResult(
        id=identity,
        table=path,
        asked=len(configurations),
        evaluated=len(missing),
        refused=sum(bool(row["refusal"]) for row in own),
        best=None if best is None else {name: best[name] for name in ("configuration", "sharpe_annual", "max_drawdown")},
    )


def swept(home: Home, member: Member, bench: Workbench, view: DataView) -> Swept | None:
    """Every configuration of this package that sweeps have evaluated on exactly these data and terms; None without two."""
    path = home.root / "reports" / "sweeps" / sweep_id(member, bench, view) / TABLE
    rows = [row for row in _rows(path) if not row["refusal"]]
    if len(rows) < 2:
        return None
    names = [name.removeprefix("param_") for name in rows[0] if name.startswith("param_")]
    whole = {name for name, value in member.manifest.parameters.items() if isinstance(value, int)}
    configurations = tuple(
        {
            name: int(row[f"param_{name}"]) if name in whole and row[f"param_{name}"] % 1 == 0 else row[f"param_{name}"]
            for name in names
        }
        for row in rows
    )
    days = rows[0]["first_day_us"] + np.arange(rows[0]["days"], dtype=np.int64) * US_PER_DAY
    return Swept(configurations, days, np.column_stack([row["net_return"] for row in rows]))


def sweep_id(member: Member, bench: Workbench, view: DataView) -> str:
    """Of the package, the data's content and the terms of execution; a grid adds rows and makes no new table."""
    data = {name: value for name, value in view.model_dump(mode="json").items() if name != "as_of_us"}
    return digest({"package": member.code, "data": data, "terms": terms_of(member, bench)})[7:23]


def terms_of(member: Member, bench: Workbench) -> dict[str, Any]:
    """The terms of execution that a result depends on."""
    return {
        "costs": bench.costs.model_dump(mode="json"),
        "rules": None if bench.rules is None else bench.rules.model_dump(mode="json"),
        "capital_usd": bench.capital_usd,
        "volatility_target_annual": bench.volatility_target_annual,
        "profile": dict(vars(member.spec.profile)),
        "vintages": bench.vintages_used(member),
    }


def chunk_size(panel_bytes: int, memory_gib: float) -> int:
    """Configurations that may be held at once. Raises Refused where not even one fits."""
    most = int(memory_gib * 2**30 // (panel_bytes * ARRAYS_IN_FLIGHT))
    if most < 1:
        least = panel_bytes * ARRAYS_IN_FLIGHT / 2**30
        raise Refused(f"expected at least {least:.1f} GiB for one configuration on these data, got {memory_gib:g}: allow more")
    return min(CHUNK_MAX, most)


def _remember(home: Home, member: Member, view: DataView, chunk: Sequence[Parameters], found: Sequence[dict[str, Any]]) -> None:
    """Keep the returns of those that answered."""
    known = [(one, row) for one, row in zip(chunk, found, strict=True) if not row["refusal"]]
    if known:
        first = known[0][1]
        days = first["first_day_us"] + np.arange(first["days"], dtype=np.int64) * US_PER_DAY
        keys = trial_keys(member, [one for one, _ in known], view)
        returns = [np.asarray(row["net_return"]) for _, row in known]
        keep_returns(home, member.code, keys, days, returns, simulated=view.venue == SIMULATED_VENUE)


def _evaluated(member: Member, bench: Workbench, parameters: Parameters) -> dict[str, Any]:
    own = {"configuration": _key(parameters), **{f"param_{name}": float(value) for name, value in sorted(parameters.items())}}
    try:
        return own | {"refusal": ""} | _figures(bench.evaluate(member, parameters))
    except Refused as refusal:
        return own | {"refusal": str(refusal)} | dict.fromkeys(_FIGURES)


_ANNUAL = ("price", "funding", "borrow", "fees", "spread", "impact")
_FIGURES = (
    "total_return",
    "sharpe_annual",
    "volatility_annual",
    "max_drawdown",
    "turnover_annual",
    *(f"{name}_annual" for name in _ANNUAL),
    "first_day_us",
    "days",
    "net_return",
)


def _figures(record: PodRecord) -> dict[str, Any]:
    returns = record.net_return
    return {
        "total_return": total_return(returns),
        "sharpe_annual": sharpe_annual(returns),
        "volatility_annual": volatility_annual(returns),
        "max_drawdown": max_drawdown(returns),
        "turnover_annual": float(record.turnover.mean()) * DAYS_PER_YEAR,
        **{f"{name}_annual": float(record.component[name].mean()) * DAYS_PER_YEAR for name in _ANNUAL},
        "first_day_us": int(record.day_us[0]),
        "days": len(record.day_us),
        "net_return": returns.tolist(),
    }


def _write(path: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    names = [name for name in rows[0] if name.startswith("param_")]
    types: dict[str, Any] = {"configuration": pa.string(), **dict.fromkeys(names, pa.float64()), "refusal": pa.string()}
    types |= dict.fromkeys(_FIGURES, pa.float64()) | {"first_day_us": pa.int64(), "days": pa.int64()}
    types["net_return"] = pa.list_(pa.float64())
    buffer = io.BytesIO()
    table = pa.Table.from_pylist([dict(row) for row in rows], schema=pa.schema(list(types.items())))
    pq.write_table(table, buffer, compression="zstd", store_schema=False)
    write_durably(path, buffer.getvalue())


def _rows(path: Path) -> list[dict[str, Any]]:
    return pq.read_table(path).to_pylist() if path.exists() else []


def _key(parameters: Mapping[str, Parameter]) -> str:
    return canonical_bytes(dict(parameters)).decode()


def _axis(manifest: Manifest, text: str) -> tuple[str, tuple[Parameter, ...]]:
    name, sign, values = text.partition("=")
    if not sign or name not in manifest.parameters:
        raise Refused(f"expected --param NAME=V1,V2,... with a name among {sorted(manifest.parameters)}, got {text!r}")
    try:
        return name, tuple(int(value) if value.strip().lstrip("-").isdigit() else float(value) for value in values.split(","))
    except ValueError:
        raise Refused(f"expected numbers after {name}=, separated by commas, got {values!r}") from None
