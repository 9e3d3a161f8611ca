"""What was said about a delivery, and its files turned into rows of the lake's columns."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import polars as pl

from data_lake.columns import to_lake_columns
from data_lake.formats import read_table
from data_lake.formats_declared import Format, read_declared
from data_lake.raw import RawStore
from data_lake.recognise import modal_step, settled_interval, symbol_in_name
from data_lake.schema import BARS, VersionedTable
from data_lake.versions import carried
from domain.canonical import canonical_bytes
from domain.errors import Refused
from domain.market import Market

KnownAt = int | Literal["published", "received"]
"""A literal knowledge time for every row, microseconds; or event complete + publication lag, an assumption; or that, but not
before the delivery was received, as a live feed knows it."""


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
    """What a feed says beyond the rest, as plain JSON values: `format` (a declared format), `checksums` (SHA-256 that the vendor
    states, by file name), `symbols` (what a file speaks of, by its name), `gaps` (holes in a stream's sequence, and what filled
    them)."""
    lag_us: int | None = None
    """Publication lag where it is not the table's own."""

    @property
    def publication_lag_us(self) -> int:
        return self.table.lag_us if self.lag_us is None else self.lag_us


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
        "lag_us": said.publication_lag_us,
        "source": said.source,
        "name": name,
        "checksum": checksum,
    }
    if said.known_at == "received":
        meaning["received_us"] = said.received_us
    if said.form is not None:
        meaning["form"] = said.form.get("format")
        meaning["stated_checksum"] = said.form.get("checksums", {}).get(name)
        meaning["stated_symbol"] = said.form.get("symbols", {}).get(name)
    return DeliveredFile(name, origin, checksum, hashlib.sha256(canonical_bytes(meaning)).hexdigest())


def parse_file(raw: RawStore, said: Statement, file: DeliveredFile) -> ParsedFile:
    """Rows of the file by the lake's column names; a file that cannot be understood comes back with the reason."""
    seen = 1
    try:
        frame = _read(said, raw.get(file.checksum), file)
        seen = len(frame)
        rows = to_lake_columns(said.table, frame)
        if "symbol" not in rows.columns:
            rows = rows.with_columns(symbol=pl.lit(_symbol(said.form or {}, file)))
        step = modal_step(said.table, rows) if said.table is BARS else None
    except Refused as refusal:
        return ParsedFile(file, None, seen, None, str(refusal))
    return ParsedFile(file, rows, seen, step, None)


def _symbol(form: Mapping[str, Any], file: DeliveredFile) -> str:
    stated = form.get("symbols", {}).get(file.name)
    return str(stated) if stated is not None else symbol_in_name(file.name)


def _read(said: Statement, data: bytes, file: DeliveredFile) -> pl.DataFrame:
    form = said.form or {}
    stated = form.get("checksums", {}).get(file.name, file.checksum)
    if stated != file.checksum:
        raise Refused(f"wrong checksum: the vendor states {stated}, the bytes that came have {file.checksum}: fetch it again")
    if form.get("format") is None:
        return read_table(data, file.name, said.table)
    return read_declared(Format.parse(form["format"], "the delivery's format"), data, file.name)


def as_observations(said: Statement, refiled: Mapping[str, str], parsed: Sequence[ParsedFile]) -> tuple[ParsedFile, ...]:
    """The files with every column of an observation: venue, market, interval, knowledge_time, source, carried."""
    steps = {file.step_us for file in parsed if file.step_us is not None}
    shared = steps.pop() if len(steps) == 1 else None
    return tuple(_observed(said, refiled, file, shared) for file in parsed)


def _observed(said: Statement, refiled: Mapping[str, str], parsed: ParsedFile, shared_step_us: int | None) -> ParsedFile:
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
    rows = rows.with_columns(
        carried(said.table),
        venue=pl.lit(said.venue),
        market=_market(said, refiled),
        knowledge_time=_knowledge_time(said, complete),
        source=pl.lit(said.source),
    )
    return ParsedFile(parsed.file, rows, parsed.rows_seen, parsed.step_us, None)


def _knowledge_time(said: Statement, complete: pl.Expr) -> pl.Expr:
    if isinstance(said.known_at, int):
        return pl.lit(said.known_at, dtype=pl.Int64)
    published = complete + said.publication_lag_us
    return published if said.known_at == "published" else pl.max_horizontal(published, pl.lit(said.received_us, dtype=pl.Int64))


def _market(said: Statement, refiled: Mapping[str, str]) -> pl.Expr:
    stated = pl.lit(said.market.value)
    if said.table is not BARS or said.market is not Market.LINEAR:
        return stated
    misnamed = pl.col("symbol").is_in(sorted(refiled))
    return pl.when(misnamed).then(pl.lit(Market.SPOT.value)).otherwise(stated)
