"""Records of research runs: what went in and what came out, under the digest of both, and each time that it was asked.

`runs/<id>/record.json` and the tables beside it never change: the id is the digest of the record, the record holds the digests
of the tables. What depends on the moment (who asked, how many trials stood behind it, what the gates said) lies in
`runs/<id>/asked/`, a file for each time.
"""

import hashlib
import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from domain.canonical import canonical_bytes, digest_bytes, rounded
from domain.errors import Refused
from domain.evidence import Figure
from domain.market import Market
from domain.model import Frozen
from domain.record import PodRecord
from domain.strategy import Parameter
from durable.files import write_durably
from promotion_gates.figures import performance_figures
from steps.as_of_view import DataView
from steps.home import DEFAULT_HOME, REPOSITORY, Home
from steps.records import record_tables

FORMAT = 1
ID_DIGITS = 16
ENGINE = ("backtest", "data_lake", "domain", "measures", "model_runtime", "steps")
"""Packages of this repository whose code decides what a backtest gives."""
_OF_THE_MOMENT = ("trials", "trials_effective", "dsr", "dsr_effective", "dsr_benchmark_annual")


class Data(Frozen):
    """Which rows of the lake, by their content."""

    venue: str
    market: Market
    interval_us: int
    start_us: int
    end_us: int
    symbols: tuple[str, ...]
    content_digest: str
    funding_digest: str


class Inputs(Frozen):
    """Everything that decides the results."""

    strategy: str
    version: int
    authors: tuple[str, ...]
    style: str
    code: str
    """Digest of the package."""
    files: Mapping[str, str]
    """Digest of each of its files; of a sealed package only the manifest's."""
    parameters: Mapping[str, Parameter]
    data: Data
    terms: Mapping[str, Any]
    """Costs, capital, volatility target, execution."""
    policy: str
    engine: str
    """Digest of the code of this repository that a backtest runs through."""
    environment: str
    """Digest of the locked environment."""
    seed: int


class Record(Frozen):
    """What a run id stands for."""

    format: int
    inputs: Inputs
    results: Mapping[str, Figure]
    components: Mapping[str, float]
    """Mean annual part of the return by component."""
    tables: Mapping[str, str]


@dataclass(frozen=True)
class ResearchRun:
    """One run: its record, the times that it was asked for (oldest first), and its tables as Polars frames when they are read."""

    id: str
    folder: Path
    record: Record
    asked: tuple[Mapping[str, Any], ...]

    @property
    def inputs(self) -> Inputs:
        return self.record.inputs

    @property
    def results(self) -> Mapping[str, Figure]:
        return self.record.results

    @property
    def authors(self) -> tuple[str, ...]:
        return self.record.inputs.authors

    @property
    def daily(self) -> pl.DataFrame:
        """A row for each day: returns, their parts, exposures, turnover."""
        frame = self._table("daily")
        return frame.with_columns(pl.from_epoch("day_us", time_unit="us").dt.replace_time_zone("UTC").alias("day"))

    @property
    def symbols(self) -> pl.DataFrame:
        """A row for each symbol: positions and what was traded."""
        return self._table("symbols")

    @property
    def orders(self) -> pl.DataFrame:
        """A row for each order."""
        return self._table("orders")

    def _table(self, name: str) -> pl.DataFrame:
        data = (self.folder / f"{name}.parquet").read_bytes()
        if digest_bytes(data) != self.record.tables[name]:
            raise Refused(f"run {self.id}: {name}.parquet is not what was recorded: make the run again")
        return pl.read_parquet(io.BytesIO(data))


def save_run(home: Home, inputs: Inputs, record: PodRecord) -> str:
    """Keep a run; the same inputs and results are the same run. Returns its id."""
    tables = {name: _parquet(table) for name, table in record_tables(record).items()}
    figures = performance_figures(record, 1, [])
    kept = Record(
        format=FORMAT,
        inputs=inputs,
        results={name: figures[name] for name in sorted(figures) if name not in _OF_THE_MOMENT},
        components={name: float(values.mean()) * 365 for name, values in record.component.items()},
        tables={name: digest_bytes(data) for name, data in sorted(tables.items())},
    )
    data = canonical_bytes(rounded(kept.model_dump(mode="json")))
    run = digest_bytes(data)[7 : 7 + ID_DIGITS]
    folder = runs_folder(home) / run
    for name, table in tables.items():
        write_durably(folder / f"{name}.parquet", table)
    write_durably(folder / "record.json", data)
    return run


def note_asked(home: Home, run: str, at_us: int, what: Mapping[str, Any]) -> None:
    """Add who asked, when, on what knowledge, and what stood behind it then."""
    path = runs_folder(home) / run / "asked" / f"{at_us}-{what['word']}.json"
    write_durably(path, canonical_bytes(rounded({"at_us": at_us, **what})))


def load_run(run: str, home: str | Path | Home | None = None) -> ResearchRun:
    """A run by its id or the first digits of it, in one call.

    Raises Refused where there is none, where several fit, or where what lies there is not what was recorded.
    """
    place = home if isinstance(home, Home) else Home(Path(home or DEFAULT_HOME).expanduser().resolve())
    found = sorted(runs_folder(place).glob(f"{run}*")) if run.isalnum() else []
    if len(found) != 1:
        told = "none" if not found else f"{len(found)} of them"
        raise Refused(f"expected the id of one run, got {run!r}, which fits {told}: `factory runs` lists them")
    return _loaded(found[0])


def all_runs(home: Home) -> list[ResearchRun]:
    """Every run, the one asked for last first."""
    found = [_loaded(folder) for folder in runs_folder(home).glob("*") if (folder / "record.json").exists()]
    return sorted(found, key=lambda run: (max((item["at_us"] for item in run.asked), default=0), run.id), reverse=True)


def runs_folder(home: Home) -> Path:
    return home.root / "runs"


def data_of(view: DataView) -> Data:
    """The content of a view, without the moment at which it was asked for."""
    return Data.parse({name: getattr(view, name) for name in Data.model_fields}, "the view")


@lru_cache(maxsize=1)
def engine_digest() -> str:
    """Over path and bytes of every module in ENGINE."""
    content = hashlib.sha256()
    for package in ENGINE:
        for path in sorted((REPOSITORY / package).rglob("*.py")):
            content.update(f"{path.relative_to(REPOSITORY)}\0".encode() + path.read_bytes() + b"\0")
    return "sha256:" + content.hexdigest()


@lru_cache(maxsize=1)
def environment_digest() -> str:
    return digest_bytes((REPOSITORY / "requirements.lock").read_bytes())


def _loaded(folder: Path) -> ResearchRun:
    data = (folder / "record.json").read_bytes()
    if digest_bytes(data)[7 : 7 + ID_DIGITS] != folder.name:
        raise Refused(f"run {folder.name}: record.json is not what was recorded under this id: make the run again")
    asked = tuple(json.loads(path.read_bytes()) for path in (folder / "asked").glob("*.json"))
    record = Record.parse(json.loads(data), origin=str(folder / "record.json"))
    return ResearchRun(folder.name, folder, record, tuple(sorted(asked, key=lambda item: int(item["at_us"]))))


def _parquet(table: pa.Table) -> bytes:
    buffer = io.BytesIO()
    pq.write_table(table, buffer, compression="zstd", store_schema=False)
    return buffer.getvalue()
