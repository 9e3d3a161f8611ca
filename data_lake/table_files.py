"""Rows in key order as Parquet files of a table, each of one year, handed to the catalogue in the open transaction.

DuckDB keeps the order of an insert only on one thread. Arrow writes the same rows in a third of the time, and each column in the
encoding that suits it. A file whose transaction fails is left over, as after a failed insert, and `compact` removes it.
"""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from uuid import uuid4

import duckdb
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from data_lake.catalogue import METADATA, threads_of
from data_lake.literals import literal
from data_lake.location import ALIAS

LARGE_ROWS = 5_000
"""Fewer are inserted: a handful needs no file at all."""
SPLIT_ROWS = 100_000
"""More of a year are split between the threads."""
ROW_GROUP_ROWS = 20_480
_CONSTANT = ("event_year", "interval_us", "delivery", "carried")
"""Integers with few values in one file."""


def add_files(connection: duckdb.DuckDBPyConnection, name: str, rows: pl.DataFrame) -> None:
    """Write the rows, in the order given, into a file for each year of the stored table `name`. Raises OSError, duckdb.Error.

    `rows`: all columns of the stored table.
    """
    years = rows.partition_by("event_year", maintain_order=True)
    tables = {int(part["event_year"][0]): part.to_arrow(compat_level=pl.CompatLevel.oldest()) for part in years}
    list_files(connection, name, write_files(connection, name, tables))


def write_files(connection: duckdb.DuckDBPyConnection, name: str, years: Mapping[int, pa.Table]) -> list[Path]:
    """Files for the rows of each year of the stored table `name`, which nothing lists yet. Raises OSError."""
    folder, threads = _folder(connection, name), threads_of(connection)
    parts = []
    for year, rows in years.items():
        size = max(SPLIT_ROWS, -(-rows.num_rows // threads))
        place = folder / f"event_year={year}"
        parts += [(place / f"ducklake-{uuid4()}.parquet", rows.slice(at, size)) for at in range(0, rows.num_rows, size)]
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(lambda part: _write(*part), parts))
    return [path for path, _ in parts]


def list_files(connection: duckdb.DuckDBPyConnection, name: str, paths: Sequence[Path]) -> None:
    """Make the rows of these files rows of the stored table."""
    listed = ", ".join(literal(str(path)) for path in paths)
    connection.execute(f"CALL ducklake_add_data_files('{ALIAS}', '{name}', [{listed}])")


def _write(path: Path, rows: pa.Table) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    texts = {field.name for field in rows.schema if pa.types.is_string(field.type) or pa.types.is_large_string(field.type)}
    few = texts | set(_CONSTANT)
    pq.write_table(
        rows,
        path,
        row_group_size=ROW_GROUP_ROWS,
        compression="zstd",
        compression_level=1,
        use_dictionary=[name for name in rows.column_names if name in few],
        column_encoding={
            field.name: "DELTA_BINARY_PACKED" if pa.types.is_integer(field.type) else "PLAIN"
            for field in rows.schema
            if field.name not in few
        },
        store_schema=False,
    )


def _folder(connection: duckdb.DuckDBPyConnection, name: str) -> Path:
    (data,) = connection.execute(f"SELECT data_path FROM ducklake_settings('{ALIAS}')").fetchone() or ("",)
    (inside,) = connection.execute(
        f"SELECT s.path || t.path FROM {METADATA}.ducklake_table t JOIN {METADATA}.ducklake_schema s USING (schema_id) "
        "WHERE t.table_name = ? AND t.end_snapshot IS NULL AND s.end_snapshot IS NULL",
        [name],
    ).fetchone() or ("",)
    return Path(str(data), str(inside))
