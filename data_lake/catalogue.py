"""The DuckLake catalogue of one home: opening it, and transactions that read and compute again on a conflict."""

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

import duckdb
import duckdb_extensions
import polars as pl

from data_lake.location import ALIAS, Location, location_of
from data_lake.schema import creation_statements, macro_statements
from domain.errors import Unreachable

Answer = TypeVar("Answer")

METADATA = f"__ducklake_metadata_{ALIAS}"
"""The catalogue's own tables."""
# version 2 splits the bytes of floating point numbers, which makes files of prices 40 % larger
_OPTIONS = {"parquet_compression": "zstd", "parquet_version": "1", "parquet_row_group_size": "20480"}
_CONFLICTS = (
    *("conflict", "database is locked", "already exists", "database schema has changed"),
    *("could not serialize", "duplicate key value", "deadlock detected"),
)
_ATTEMPTS = 40
_PAUSE_S = 0.05
_PAUSE_MAX_S = 1.0


class Catalogue:
    """One DuckDB session on HOME/lake, in UTC; `threads` bounds its parallel work and changes no answer.

    Not for use by several threads at once; several processes may each hold their own.
    """

    def __init__(self, home: Path, threads: int = 1, *, location: Location | None = None) -> None:
        self.location = location_of(home) if location is None else location
        self.location.data.mkdir(parents=True, exist_ok=True)
        self._threads = threads
        self.connection = duckdb.connect(config={"threads": threads})
        prepare(self.connection, self.location)
        _make_schema(self.connection, self.location)
        _attach(self.connection, self.location)
        self.transact(_create_where_new)

    def close(self) -> None:
        self.connection.close()

    def transact(self, work: Callable[[duckdb.DuckDBPyConnection], Answer]) -> Answer:
        """Run `work` in one transaction and commit; on a conflict with another writer run all of it again.

        `work` must read whatever it decides on inside the transaction. Raises Unreachable when the budget of attempts is spent.
        """
        for attempt in range(_ATTEMPTS):
            self.connection.execute("BEGIN")
            try:
                answer = work(self.connection)
                self.connection.execute("COMMIT")
            except duckdb.Error as error:
                self._roll_back()
                if not _is_conflict(error):
                    raise
                time.sleep(min(_PAUSE_MAX_S, _PAUSE_S * 2**attempt))
            except BaseException:
                self._roll_back()
                raise
            else:
                return answer
        raise Unreachable(f"the lake's catalogue stayed busy through {_ATTEMPTS} attempts: wait for the other writer, then rerun")

    def _roll_back(self) -> None:
        try:
            self.connection.execute("ROLLBACK")
        except duckdb.TransactionException:
            return  # a failed commit has already ended the transaction


def threads_of(connection: duckdb.DuckDBPyConnection) -> int:
    """What bounds the parallel work of this session."""
    (threads,) = connection.execute("SELECT current_setting('threads')").fetchone() or (1,)
    return int(threads)


def insert_sorted(connection: duckdb.DuckDBPyConnection, sql: str) -> None:
    """Run a sorted insert on one thread: only then do the row groups keep the order."""
    threads = threads_of(connection)
    connection.execute("SET threads = 1")
    try:
        connection.execute(sql)
    finally:
        connection.execute(f"SET threads = {threads}")


def append_rows(connection: duckdb.DuckDBPyConnection, table: str, rows: Sequence[tuple[object, ...]]) -> None:
    """Insert rows of plain values, in the order of the table's columns."""
    if not rows:
        return
    names = [item[0] for item in connection.execute(f"FROM {table} LIMIT 0").description or ()]
    columns = {name: [row[position] for row in rows] for position, name in enumerate(names)}
    connection.register("added", pl.DataFrame(columns, strict=False, infer_schema_length=None).to_arrow())
    connection.execute(f"INSERT INTO {table} SELECT {', '.join(names)} FROM added")
    connection.unregister("added")


def version_of(connection: duckdb.DuckDBPyConnection, delivery: int) -> int | None:
    """The catalogue's own number of the state that a delivery left behind; None where no such delivery is recorded."""
    row = connection.execute(
        f"SELECT max(snapshot_id) FROM {ALIAS}.snapshots() WHERE commit_extra_info = ?", [f"delivery {delivery}"]
    ).fetchone()
    return None if row is None or row[0] is None else int(row[0])


def name_commit(connection: duckdb.DuckDBPyConnection, delivery: int) -> None:
    """Write the delivery's number into the catalogue's entry for the open transaction."""
    connection.execute(f"CALL {ALIAS}.set_commit_message('lake', 'delivery', extra_info => 'delivery {delivery}')")


def prepare(connection: duckdb.DuckDBPyConnection, location: Location) -> None:
    """UTC, no progress bar, and the extensions that the lake needs, from the packages of the locked environment."""
    connection.execute("SET TimeZone = 'UTC'")
    connection.execute("SET enable_progress_bar = false")
    for name in location.extensions:
        try:
            duckdb_extensions.import_extension(name, con=connection)
        except ImportError:
            connection.execute(f"INSTALL {name}")
        connection.execute(f"LOAD {name}")


def _make_schema(connection: duckdb.DuckDBPyConnection, location: Location) -> None:
    """DuckLake expects a PostgreSQL schema of another name than public to be there."""
    if location.schema is not None:
        connection.execute(f"ATTACH '{location.database}' AS server (TYPE postgres)")
        connection.execute(f"CREATE SCHEMA IF NOT EXISTS server.{location.schema}")
        connection.execute("DETACH server")


def _attach(connection: duckdb.DuckDBPyConnection, location: Location) -> None:
    for attempt in range(_ATTEMPTS):
        try:
            connection.execute(location.attach())
            break
        except duckdb.Error as error:
            if not _is_conflict(error):
                raise
            time.sleep(min(_PAUSE_MAX_S, _PAUSE_S * 2**attempt))
    else:
        raise Unreachable(f"the lake's catalogue {location.metadata} stayed busy: wait for the other writer, then rerun")
    connection.execute(f"USE {ALIAS}")


def _create_where_new(connection: duckdb.DuckDBPyConnection) -> None:
    rows = connection.execute(f"SELECT table_name FROM {METADATA}.ducklake_table WHERE end_snapshot IS NULL").fetchall()
    held = {name for (name,) in rows}
    if not held:
        for name, value in _OPTIONS.items():
            connection.execute(f"CALL {ALIAS}.set_option('{name}', '{value}')")
    for table, statements in creation_statements().items():
        if table not in held:
            for statement in statements:
                connection.execute(statement)
    rows = connection.execute(f"SELECT macro_name FROM {METADATA}.ducklake_macro WHERE end_snapshot IS NULL").fetchall()
    macros = {name for (name,) in rows}
    for name, statement in macro_statements().items():
        if name not in macros:
            connection.execute(statement)


def _is_conflict(error: duckdb.Error) -> bool:
    text = str(error).lower()
    return any(word in text for word in _CONFLICTS)
