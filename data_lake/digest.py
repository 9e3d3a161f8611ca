"""One digest over everything that the versioned tables hold, so that a lake can be compared with its rebuilt self."""

import hashlib

import duckdb
import pyarrow as pa

from data_lake.key_order import in_key_order
from data_lake.read import add_to_digest, series_groups, unordered
from data_lake.schema import FACT, TABLES, VersionedTable


def lake_digest(connection: duckdb.DuckDBPyConnection) -> str:
    """`sha256:` over current, superseded and observed rows of all tables in key order, year by year.

    With their knowledge times, sources and delivery numbers; without files, row numbers and the catalogue's own versions. A table
    without rows adds nothing, so that a new kind of table changes no old digest.
    """
    total = hashlib.sha256()
    for table in sorted(TABLES.values(), key=lambda item: item.name):
        for name in (table.current, table.superseded, table.observations):
            years = connection.execute(f"SELECT DISTINCT event_year FROM {name} ORDER BY 1").fetchall()
            for (year,) in years:
                total.update(f"{name} {year}\n".encode())
                add_to_digest(total, _rows(connection, table, name, year))
    return "sha256:" + total.hexdigest()


def _rows(connection: duckdb.DuckDBPyConnection, table: VersionedTable, name: str, year: int) -> pa.Table:
    columns = ", ".join([*table.key, *table.values, *FACT, *(["known_until"] if name == table.superseded else [])])
    where = f"event_year = {int(year)}"
    if name == table.current and not table.within:  # no two rows of one symbol and time: no sort is needed
        return pa.concat_tables(
            in_key_order(unordered(connection, f"SELECT {columns} FROM {name} WHERE {where} AND {series}"), table.time, 2)
            for _, series in series_groups(connection, table, where)
        )
    order = [*table.key, "knowledge_time", "source", "carried", *table.values, "delivery"]
    return connection.sql(f"SELECT {columns} FROM {name} WHERE {where} ORDER BY {', '.join(order)}").to_arrow_table()
