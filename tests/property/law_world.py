"""Facts as frames, tables without a lake, and what they answer as of a moment: for any table of the schema."""

import duckdb
import polars as pl

from data_lake.schema import FACT, VersionedTable, column_type
from data_lake.versions import carried
from tests.property.brute_law import Fact

Answers = dict[tuple[object, ...], tuple[tuple[object, ...], int]]
_POLARS = {"BIGINT": pl.Int64, "VARCHAR": pl.String, "DOUBLE": pl.Float64, "INTEGER": pl.Int32}


def frame_of(table: VersionedTable, rows: list[Fact], delivery: int) -> pl.DataFrame:
    """The rows as one delivery's observations."""
    columns = {name: _POLARS[column_type(table, name)] for name in (*table.key, *table.values)}
    frame = pl.DataFrame(
        [(*row.key, *row.values, row.known, row.source, delivery) for row in rows],
        schema=columns | {"knowledge_time": pl.Int64, "source": pl.String, "delivery": pl.Int64},
        orient="row",
    )
    return frame.with_columns(carried(table))


def as_of(table: VersionedTable, versions: pl.DataFrame, moment: int) -> Answers:
    """Key to (values, knowledge time) of the versions in force at a moment."""
    known = versions.filter(
        (pl.col("knowledge_time") <= moment) & (pl.col("known_until").is_null() | (pl.col("known_until") > moment))
    )
    seen = {tuple(row[name] for name in table.key): row for row in known.iter_rows(named=True)}
    assert len(seen) == len(known), "an as-of read must answer each key once"
    return {key: (tuple(row[name] for name in table.values), row["knowledge_time"]) for key, row in seen.items()}


def empty_tables(table: VersionedTable) -> duckdb.DuckDBPyConnection:
    """The three tables of the schema in a session of their own."""
    connection = duckdb.connect(config={"threads": 1})
    columns = ("event_year", *table.key, *table.values, *FACT)
    body = ", ".join(f"{name} {column_type(table, name)}" for name in columns)
    for name, more in ((table.current, ""), (table.superseded, ", known_until BIGINT"), (table.observations, "")):
        connection.execute(f"CREATE TABLE {name} ({body}{more})")
    return connection


def stored(connection: duckdb.DuckDBPyConnection, table: VersionedTable) -> pl.DataFrame:
    """Every version that is held, `known_until` null where it is current."""
    return connection.execute(
        f"SELECT *, NULL::BIGINT AS known_until FROM {table.current} UNION ALL BY NAME SELECT * FROM {table.superseded}"
    ).pl()
