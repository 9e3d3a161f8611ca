"""What was said about a delivery, and its files turned into rows of the lake's columns."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import polars as pl

from data_lake.columns import to_lake_columns
from data_lake.formats import read_table
from data_lake.instruments import Instruments
from data_lake.raw import RawStore
from data_lake.recognise import modal_step, settled_interval, symbol_in_name
from data_lake.schema import BARS, VersionedTable
from data_lake.versions import carried
from domain.canonical import canonical_bytes
from domain.errors import Refused
from domain.market import Market

KnownAt = int | Literal["published"]
"""A literal knowledge time for every row, microseconds; or event complete + publication lag, an assumption."""


@dataclass(frozen=True)
class Statement:
    """What the deliverer says of all files of one delivery."""

    table: VersionedTable
    venue: str
    market: Market
    interval_us: int | None
    known_at: KnownAt
    received_us: int
    source: str
    form: Mapping[str, Any] | None = None
    """How the files are laid out, where a feed declares it; plain JSON values."""


@dataclass(frozen=True)
class DeliveredFile:
    """One file in the raw store. `statement` is the digest of everything that decides what its rows mean."""

    name: str
    origin: str
    checksum: str
    statement: str


@dataclass(frozen=True)
class ParsedFile:
    """`rows` in the lake's columns, or None and the reason; `rows_seen` counts what the file held, at least 1."""

    file: DeliveredFile
    rows: pl.DataFrame | None
    rows_seen: int
    step_us: int | None
    reason: str | None


def take_in(raw: RawStore, said: Statement, path: Path, origin: str) -> DeliveredFile:
    """Store a file's bytes durably before anything looks inside. Refused where it cannot be read, OSError where not stored."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise Refused(f"{path}: expected a readable file: {error.strerror}") from None
    return stated_file(said, path.name, origin, raw.put(data, origin, said.received_us).checksum)


def stated_file(said: Statement, name: str, origin: str, checksum: str) -> DeliveredFile:
    """A file of the raw store under a statement."""
    meaning: dict[str, Any] = {
        "table": said.table.name,
        "venue": said.venue,
        "market": said.market.value,
        "interval_us": said.interval_us,
        "known_at": said.known_at,
        "lag_us": said.table.lag_us,
        "source": said.source,
        "name": name,
        "checksum": checksum,
    }
    if said.form is not None:
        meaning["form"] = said.form
    return DeliveredFile(name, origin, checksum, hashlib.sha256(canonical_bytes(meaning)).hexdigest())


def parse_file(raw: RawStore, said: Statement, file: DeliveredFile) -> ParsedFile:
    """Rows of the file by the lake's column names; a file that cannot be understood comes back with the reason."""
    seen = 1
    try:
        frame = read_table(raw.get(file.checksum), file.name)
        seen = len(frame)
        rows = to_lake_columns(said.table, frame)
        if "symbol" not in rows.columns:
            rows = rows.with_columns(symbol=pl.lit(symbol_in_name(file.name)))
        step = modal_step(said.table, rows) if said.table is BARS else None
    except Refused as refusal:
        return ParsedFile(file, None, seen, None, str(refusal))
    return ParsedFile(file, rows, seen, step, None)


def as_observations(said: Statement, instruments: Instruments, parsed: Sequence[ParsedFile]) -> tuple[ParsedFile, ...]:
    """The files with every column of an observation: venue, market, interval, knowledge_time, source, carried."""
    steps = {file.step_us for file in parsed if file.step_us is not None}
    shared = steps.pop() if len(steps) == 1 else None
    return tuple(_observed(said, instruments, file, shared) for file in parsed)


def _observed(said: Statement, instruments: Instruments, parsed: ParsedFile, shared_step_us: int | None) -> ParsedFile:
    if parsed.rows is None:
        return parsed
    complete = pl.col(said.table.time)
    rows = parsed.rows
    if said.table is BARS:
        step = parsed.step_us if parsed.step_us is not None or said.interval_us is not None else shared_step_us
        try:
            interval = settled_interval(said.interval_us, step, len(rows))
        except Refused as refusal:
            return ParsedFile(parsed.file, None, parsed.rows_seen, parsed.step_us, str(refusal))
        rows = rows.with_columns(interval_us=pl.lit(interval, dtype=pl.Int64))
        complete = complete + interval
    known = complete + said.table.lag_us if said.known_at == "published" else pl.lit(said.known_at, dtype=pl.Int64)
    rows = rows.with_columns(
        carried(said.table),
        venue=pl.lit(said.venue),
        market=_market(said, instruments),
        knowledge_time=known,
        source=pl.lit(said.source),
    )
    return ParsedFile(parsed.file, rows, parsed.rows_seen, parsed.step_us, None)


def _market(said: Statement, instruments: Instruments) -> pl.Expr:
    stated = pl.lit(said.market.value)
    if said.table is not BARS or said.market is not Market.LINEAR:
        return stated
    misnamed = pl.col("symbol").is_in(sorted(instruments.without_perpetual(said.venue)))
    return pl.when(misnamed).then(pl.lit(Market.SPOT.value)).otherwise(stated)
