"""Is the lake still what was put into it? Raw store, records, files and chains of versions against each other.

Nothing of the lake is changed. The catalogue keeps no checksum of its files, which never change: the first check that finds a
file sound writes its SHA-256 into `checksums.json` beside the catalogue, and later ones compare.
"""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from data_lake.catalogue import METADATA, Catalogue
from data_lake.raw import RawStore
from data_lake.rebuild import Progress, silent
from data_lake.records import DeliveryRecords
from data_lake.schema import FACT, TABLES, VersionedTable
from domain.errors import Refused
from durable.files import write_durably


@dataclass(frozen=True)
class Problem:
    """One thing that does not hold; `kind` is one word for each rule."""

    kind: str
    what: str


@dataclass(frozen=True)
class CheckReport:
    """`leftovers`: files that nothing names, as a killed writer leaves them; harmless, and `compact` removes those of tables."""

    problems: tuple[Problem, ...]
    leftovers: tuple[str, ...]
    deliveries: int
    raw_files: int
    data_files: int

    @property
    def clean(self) -> bool:
        return not self.problems


def check_lake(home: Path, catalogue: Catalogue, *, progress: Progress = silent) -> CheckReport:
    """Every rule over the whole lake, for a caller that holds the home; raw bytes are read and hashed, so it takes a while."""
    raw, records = RawStore(home), DeliveryRecords(home)
    connection = catalogue.connection
    problems = list(_deliveries(connection, records))
    named, unreadable = _named_files(records)
    problems += unreadable
    for done, (checksum, origin) in enumerate(sorted(named.items()), 1):
        problems += _raw_file(raw, checksum, origin)
        progress("raw files", done, len(named))
    listed = listed_files(catalogue)
    checksums = _Checksums(catalogue.location.data.parent)
    for done, file in enumerate(listed, 1):
        found = list(_data_file(file))
        problems += found or checksums.compare(file)
        progress("data files", done, len(listed))
    checksums.save()
    for done, table in enumerate(TABLES.values(), 1):
        problems += _readable_chains(connection, table)
        progress("chains of versions", done, len(TABLES))
    leftovers = [*_unlisted(catalogue.location.data, listed), *_unnamed(raw, named)]
    return CheckReport(tuple(problems), tuple(leftovers), len(records.numbers()), len(named), len(listed))


@dataclass(frozen=True)
class ListedFile:
    """A Parquet file as the catalogue knows it; `rows` is None for a list of deleted rows."""

    path: Path
    size_bytes: int
    rows: int


def listed_files(catalogue: Catalogue) -> tuple[ListedFile, ...]:
    """Every data and delete file of every snapshot."""
    parts = []
    for kind, rows in (("data", "f.record_count"), ("delete", "f.delete_count")):
        parts.append(f"""
        SELECT s.path || t.path || f.path AS path, f.file_size_bytes, {rows} FROM {METADATA}.ducklake_{kind}_file f
        JOIN (SELECT DISTINCT table_id, schema_id, path FROM {METADATA}.ducklake_table) t USING (table_id)
        JOIN (SELECT DISTINCT schema_id, path FROM {METADATA}.ducklake_schema) s USING (schema_id)""")
    rows_ = catalogue.connection.execute(" UNION ALL ".join(parts) + " ORDER BY path").fetchall()
    return tuple(ListedFile(catalogue.location.data / path, size, rows) for path, size, rows in rows_)


class _Checksums:
    """SHA-256 by file name of the data files found sound so far; names are unique for all time."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "checksums.json"
        self._known: dict[str, str] = json.loads(self._path.read_text()) if self._path.exists() else {}
        self._seen: dict[str, str] = {}

    def compare(self, file: ListedFile) -> list[Problem]:
        with file.path.open("rb") as stream:
            checksum = hashlib.file_digest(stream, "sha256").hexdigest()
        name = file.path.name
        self._seen[name] = self._known.get(name, checksum)
        same = self._seen[name] == checksum
        return [] if same else [Problem("file_damaged", f"{file.path}: no longer has the checksum of an earlier check")]

    def save(self) -> None:
        write_durably(self._path, json.dumps({**self._known, **self._seen}, sort_keys=True, indent=0).encode())


def _deliveries(connection: duckdb.DuckDBPyConnection, records: DeliveryRecords) -> Iterator[Problem]:
    held = dict(connection.execute("SELECT delivery, record FROM delivery_records").fetchall())
    taken = [number for (number,) in connection.execute("SELECT delivery FROM deliveries ORDER BY 1").fetchall()]
    (head,) = connection.execute("SELECT delivery FROM head").fetchone() or (0,)
    sealed = set(records.numbers())
    if taken != list(range(1, head + 1)):
        yield Problem("numbering", f"the catalogue holds {len(taken)} deliveries and says that the newest is {head}")
    for number in sorted({*taken, *sealed}):
        if number not in sealed:
            yield Problem("unrecorded", f"delivery {number} has no sealed record: it cannot be rebuilt")
        elif number not in taken:
            yield Problem("not_taken_in", f"delivery {number} is on record and not in the catalogue: run `factory lake rebuild`")
        elif held.get(number) != records.sealed(number):
            yield Problem("other_record", f"delivery {number} was made from another statement than the one on record")


def _named_files(records: DeliveryRecords) -> tuple[dict[str, str], list[Problem]]:
    """Checksum to origin of every raw file that a delivery names."""
    named: dict[str, str] = {}
    problems = []
    for number in records.numbers():
        try:
            record = records.record(number)
        except Refused as refusal:
            problems.append(Problem("record", str(refusal)))
            continue
        named |= {file.checksum: f"{file.origin} of delivery {number}" for file in record.files}
    return named, problems


def _raw_file(raw: RawStore, checksum: str, origin: str) -> Iterator[Problem]:
    path = raw.path(checksum)
    if not path.is_file():
        yield Problem("raw_absent", f"{origin}: no file {path}")
        return
    with path.open("rb") as file:
        if hashlib.file_digest(file, "sha256").hexdigest() != checksum:
            yield Problem("raw_damaged", f"{origin}: {path} no longer has its checksum")


def _data_file(file: ListedFile) -> Iterator[Problem]:
    if not file.path.is_file():
        yield Problem("file_absent", f"{file.path}: listed in the catalogue, not on the disk")
        return
    size = file.path.stat().st_size
    if size != file.size_bytes:
        yield Problem("file_size", f"{file.path}: {size} bytes, the catalogue says {file.size_bytes}")
        return
    try:
        with pq.ParquetFile(file.path) as parquet:
            rows = parquet.metadata.num_rows
            for group in range(parquet.num_row_groups):
                parquet.read_row_group(group, use_threads=False)
    except (pa.ArrowException, OSError) as error:
        yield Problem("file_damaged", f"{file.path}: {str(error).splitlines()[0]}")
        return
    if rows != file.rows:
        yield Problem("file_rows", f"{file.path}: {rows} rows, the catalogue says {file.rows}")


def _readable_chains(connection: duckdb.DuckDBPyConnection, table: VersionedTable) -> list[Problem]:
    try:
        return list(_chains(connection, table))
    except (duckdb.Error, OSError) as error:
        return [Problem("unreadable", f"{table.name}: {str(error).splitlines()[0]}")]


def _chains(connection: duckdb.DuckDBPyConnection, table: VersionedTable) -> Iterator[Problem]:
    """Each key has one current row; the versions of a revised key follow each other without a gap or an overlap."""
    key = ", ".join(table.key)
    doubled = f"SELECT {key}, count(*) FROM {table.current} GROUP BY {key} HAVING count(*) > 1"
    for row in _rows(connection, doubled):
        yield Problem("doubled", f"{table.current}: {row[-1]} current rows of {row[:-1]}")
    columns = f"{key}, knowledge_time"
    broken = f"""
    WITH versions AS (
        SELECT {columns}, known_until FROM {table.superseded}
        UNION ALL SELECT {columns}, NULL FROM {table.current} SEMI JOIN {table.superseded} USING ({key})
    )
    SELECT {columns}, known_until FROM versions
    WINDOW chain AS (PARTITION BY {key} ORDER BY knowledge_time, known_until NULLS LAST)
    QUALIFY known_until IS DISTINCT FROM lead(knowledge_time) OVER chain OR known_until <= knowledge_time"""
    for row in _rows(connection, broken):
        yield Problem("overlap", f"{table.name} {row[:-2]}: the version known from {row[-2]} until {row[-1]} meets no next one")
    facts = ", ".join((*table.key, *table.values, *FACT))
    twice = f"SELECT {facts} FROM (FROM {table.observations} SELECT {facts}) GROUP BY ALL HAVING count(*) > 1"
    for row in _rows(connection, twice):
        yield Problem("doubled", f"{table.observations}: the fact {row} is there twice")


def _rows(connection: duckdb.DuckDBPyConnection, sql: str) -> list[tuple[object, ...]]:
    """The first few: one broken rule can have a million witnesses."""
    return connection.execute(f"{sql} LIMIT 20").fetchall()


def _unlisted(folder: Path, listed: tuple[ListedFile, ...]) -> list[str]:
    known = {file.path for file in listed}
    return [str(path) for path in sorted(folder.rglob("*.parquet")) if path not in known]


def _unnamed(raw: RawStore, named: dict[str, str]) -> list[str]:
    """Raw files that came and were never taken in; they are kept."""
    return [str(path) for path in raw.files() if path.name not in named]
