"""A large batch as Parquet files of a table: sorted, a file for each year, handed to the catalogue in the open transaction.

DuckDB keeps the order of an insert only on one thread. Arrow writes the same rows in a third of the time, and each column in the
encoding that suits it. A file whose transaction fails is left over, as after a failed insert, and `compact` removes it.
"""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from uuid import uuid4

import duckdb
import polars as pl
import pyarrow.parquet as pq

from data_lake.catalogue import METADATA, threads_of
from data_lake.literals import literal
from data_lake.location import ALIAS

LARGE_ROWS = 5_000
"""Fewer are inserted: a handful needs no file at all."""
ROW_GROUP_ROWS = 20_480
_CONSTANT = ("event_year", "interval_us", "delivery", "carried")
"""Integers with few values in one file."""


def add_files(connection: duckdb.DuckDBPyConnection, name: str, rows: pl.DataFrame) -> None:
    """Write the rows, in the order given, into files of the stored table `name`, and add these. Raises OSError, duckdb.Error.

    `rows`: all columns of the stored table.
    """
    folder = _folder(connection, name)
    parts = rows.partition_by("event_year", maintain_order=True)
    paths = [folder / f"event_year={part['event_year'][0]}" / f"ducklake-{uuid4()}.parquet" for part in parts]
    with ThreadPoolExecutor(threads_of(connection)) as pool:
        list(pool.map(lambda place: _write(*place), zip(paths, parts, strict=True)))
    listed = ", ".join(literal(str(path)) for path in paths)
    connection.execute(f"CALL ducklake_add_data_files('{ALIAS}', '{name}', [{listed}])")


def _write(path: Path, rows: pl.DataFrame) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    few = {column for column, kind in rows.schema.items() if kind == pl.String} | set(_CONSTANT)
    pq.write_table(
        rows.to_arrow(compat_level=pl.CompatLevel.oldest()),
        path,
        row_group_size=ROW_GROUP_ROWS,
        compression="zstd",
        compression_level=1,
        use_dictionary=[column for column in rows.columns if column in few],
        column_encoding={
            column: "DELTA_BINARY_PACKED" if kind.is_integer() else "PLAIN"
            for column, kind in rows.schema.items()
            if column not in few
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
    return Path(data) / inside
