"""As-of reads: the union of current and superseded rows known at a moment, from a stated snapshot, without de-duplication."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from data_lake.catalogue import threads_of, version_of
from data_lake.key_order import in_key_order
from data_lake.literals import literal
from data_lake.schema import TABLES, VersionedTable
from domain.errors import Refused
from domain.market import Market

PART_ROWS = 8_000_000
_TEXTS_AT_ONCE = 1_000_000


@dataclass(frozen=True)
class Query:
    """One as-of question; see `Lake.read`."""

    table: VersionedTable
    venue: str
    market: Market
    interval_us: int | None
    start_us: int
    end_us: int
    as_of_us: int
    symbols: Sequence[str] | None = None
    snapshot: int | None = None


@dataclass(frozen=True)
class Series:
    """One series of the lake; `interval_us` is None for funding."""

    table: str
    venue: str
    market: Market
    interval_us: int | None
    symbol: str
    first_us: int
    last_us: int
    rows: int


def read(connection: duckdb.DuckDBPyConnection, query: Query) -> pa.Table:
    """The answer, in (symbol, event time) order; see `Lake.read`."""
    connection.execute("BEGIN")  # one state of the lake for all statements, and one look at the catalogue
    try:
        return _read(connection, replace(query, interval_us=_interval(connection, query)))
    finally:
        connection.execute("ROLLBACK")


def _read(connection: duckdb.DuckDBPyConnection, query: Query) -> pa.Table:
    table = query.table
    columns = ", ".join(("symbol", table.time, *table.within, *table.values, "knowledge_time", "source"))
    version = _version_clause(connection, query.snapshot)
    if table.within:
        order = ", ".join(("symbol", table.time, *table.within))
        return connection.sql(f"{_as_of_sql(query, version, columns)} ORDER BY {order}").to_arrow_table()
    threads = threads_of(connection)
    parts = (
        in_key_order(unordered(connection, _as_of_sql(query, version, columns, symbols)), table.time, threads)
        for symbols in symbol_parts(connection, query, version)
    )
    return pa.concat_tables(parts)


def unordered(connection: duckdb.DuckDBPyConnection, sql: str) -> pa.Table:
    """The rows of a SELECT as the threads find them: a relation becomes Arrow in parallel, which keeping the order would undo."""
    connection.execute("SET preserve_insertion_order = false")
    try:
        return connection.sql(sql).to_arrow_table()
    finally:
        connection.execute("SET preserve_insertion_order = true")


def series_groups(connection: duckdb.DuckDBPyConnection, table: VersionedTable, where: str) -> list[tuple[tuple[Any, ...], str]]:
    """What of the key comes before the symbol, for the current rows under a condition: values and a condition, in key order."""
    names = [name for name in table.series if name != "symbol"]
    listed = ", ".join(names)
    found = connection.execute(f"SELECT DISTINCT {listed} FROM {table.current} WHERE {where} ORDER BY {listed}").fetchall()
    return [(row, " AND ".join(f"{name} = {literal(value)}" for name, value in zip(names, row, strict=True))) for row in found]


def _as_of_sql(query: Query, version: str, columns: str, symbols: str = "true") -> str:
    """The unordered union as SQL."""
    where = f"{_filters(query)} AND {symbols}"
    parts = (
        f"SELECT {columns} FROM {query.table.current} {version} WHERE {where}",
        f"SELECT {columns} FROM {query.table.superseded} {version} WHERE {where} AND known_until > {int(query.as_of_us)}",
    )
    return " UNION ALL ".join(parts)


def symbol_parts(connection: duckdb.DuckDBPyConnection, query: Query, version: str) -> list[str]:
    """Conditions on symbols that split a large answer in key order, so that ordering it needs memory for one part beside it.

    `version`: the clause that names the state of the lake, or nothing.
    """
    if query.symbols is not None and len(query.symbols) == 1:
        return ["true"]
    rows = 0
    span = f"{query.table.time} >= {int(query.start_us)} AND {query.table.time} < {int(query.end_us)}"
    for where in ("true", span):  # the first is known without reading, the second reads one column
        (rows,) = connection.execute(f"SELECT count(*) FROM {query.table.current} {version} WHERE {where}").fetchone() or (0,)
        if rows <= PART_ROWS:
            return ["true"]
    delivered = _delivered_rows(connection, query)
    total = sum(delivered.values())
    firsts: list[str] = []
    held = 0.0
    for name, count in sorted(delivered.items()):
        here = count * rows / total if total else 0.0
        if held and held + here > PART_ROWS:
            firsts.append(name)
            held = 0.0
        held += here
    lows = ["true", *(f"symbol >= {literal(first)}" for first in firsts)]
    highs = [*(f"symbol < {literal(first)}" for first in firsts), "true"]
    return [f"{low} AND {high}" for low, high in zip(lows, highs, strict=True)]


def _delivered_rows(connection: duckdb.DuckDBPyConnection, query: Query) -> dict[str, float]:
    """About how many rows of each symbol were ever delivered: enough to split by, and told without looking at them."""
    interval = "" if query.interval_us is None else f"AND f.interval_us = {int(query.interval_us)}"
    files = connection.sql(
        "SELECT f.symbols, sum(f.rows_good) FROM delivery_files f JOIN deliveries d USING (delivery) "
        f"WHERE d.table_name = {literal(query.table.name)} AND d.venue = {literal(query.venue)} {interval} GROUP BY 1"
    ).fetchall()
    rows: dict[str, float] = {}
    for symbols, count in files:
        names = symbols.split(",")
        for name in names:
            rows[name] = rows.get(name, 0.0) + float(count) / len(names)
    return rows if query.symbols is None else {name: rows[name] for name in query.symbols if name in rows}


def describe(connection: duckdb.DuckDBPyConnection, as_of_us: int | None, before_us: int | None = None) -> tuple[Series, ...]:
    """See `Lake.describe`."""
    found: list[Series] = []
    delivered = {name for (name,) in connection.execute("SELECT DISTINCT table_name FROM deliveries").fetchall()}
    for table in (table for table in TABLES.values() if table.name in delivered):
        interval = "interval_us" if "interval_us" in table.key else "NULL::BIGINT AS interval_us"
        rows = f"FROM {table.current}"
        if as_of_us is not None:
            columns, known = ", ".join(table.key), f"knowledge_time <= {int(as_of_us)}"
            superseded = f"SELECT {columns} FROM {table.superseded} WHERE {known} AND known_until > {int(as_of_us)}"
            rows = f"FROM (SELECT {columns} FROM {table.current} WHERE {known} UNION ALL {superseded})"
        columns = f"venue, market, {interval}, symbol, min({table.time}), max({table.time}), count(*)"
        bound = "" if before_us is None else f"WHERE {table.time} < {int(before_us)}"
        answer = connection.execute(f"SELECT {columns} {rows} {bound} GROUP BY ALL ORDER BY ALL").fetchall()
        found += [
            Series(table.name, venue, Market(market), interval_us, symbol, first, last, count)
            for venue, market, interval_us, symbol, first, last, count in answer
        ]
    return tuple(found)


def content_digest(connection: duckdb.DuckDBPyConnection, query: Query) -> str:
    """SHA-256 over the columns of the answer in key order: names, values as little-endian bytes, and which are null."""
    total = hashlib.sha256()
    add_to_digest(total, read(connection, query).drop_columns(["source"]))
    return "sha256:" + total.hexdigest()


def add_to_digest(total: "hashlib._Hash", answer: pa.Table) -> None:
    """Add each column of the answer to the digest: name, row count, which are null, and the values."""
    for name in answer.column_names:
        column = answer[name].combine_chunks()
        total.update(f"{name}:{len(column)}\n".encode())
        if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
            _add_texts(total, pc.fill_null(column, "None"))
            continue
        total.update(np.packbits(pc.is_null(column).to_numpy(zero_copy_only=False)).tobytes())
        values = pc.fill_null(column, 0).to_numpy()
        total.update(values.astype("<f8" if values.dtype.kind == "f" else "<i8", copy=False).tobytes())


def _add_texts(total: "hashlib._Hash", column: pa.Array) -> None:
    """All texts with line feeds between them, some at a time."""
    for start in range(0, len(column), _TEXTS_AT_ONCE):
        part = column.slice(start, _TEXTS_AT_ONCE).cast(pa.string())
        joined = pc.binary_join(pa.ListArray.from_arrays([0, len(part)], part), "\n")[0]
        total.update(b"\n" if start else b"")
        total.update(joined.as_buffer())


def _interval(connection: duckdb.DuckDBPyConnection, query: Query) -> int | None:
    if "interval_us" not in query.table.key:
        if query.interval_us is not None:
            raise Refused(f"{query.table.name} has no interval: leave it out")
        return None
    if query.interval_us is not None:
        return query.interval_us
    rows = connection.execute(
        f"SELECT DISTINCT interval_us FROM {query.table.current} WHERE venue = ? AND market = ? ORDER BY 1",
        [query.venue, query.market.value],
    ).fetchall()
    held = [int(interval) for (interval,) in rows]
    if len(held) > 1:
        minutes = ", ".join(f"{interval / 60_000_000:g}" for interval in held)
        raise Refused(f"{query.venue} {query.market.value} has bars of {minutes} minutes: state the interval")
    return held[0] if held else 0


def _version_clause(connection: duckdb.DuckDBPyConnection, snapshot: int | None) -> str:
    if snapshot is None:
        return ""
    version = version_of(connection, snapshot)
    if version is None:
        (newest,) = connection.execute("SELECT delivery FROM head").fetchone() or (0,)
        raise Refused(f"unknown snapshot {snapshot}: the lake's deliveries are 1 to {newest}")
    return f"AT (VERSION => {version})"


def _filters(query: Query) -> str:
    time = query.table.time
    clauses = [f"venue = {literal(query.venue)}", f"market = {literal(query.market.value)}"]
    clauses += [f"{time} >= {int(query.start_us)}", f"{time} < {int(query.end_us)}", f"knowledge_time <= {int(query.as_of_us)}"]
    if query.interval_us is not None:
        clauses.append(f"interval_us = {int(query.interval_us)}")
    if query.symbols is not None:
        named = ", ".join(literal(symbol) for symbol in query.symbols)
        clauses.append(f"symbol IN ({named})" if named else "false")
    return " AND ".join(clauses)
