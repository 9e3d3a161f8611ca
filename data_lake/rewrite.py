"""A year of current rows put into files in key order, where the files that hold it interleave.

A revision leaves its rows in a file of their own, and holes in the files of the rows that they replace: until both are one file
again, each read has to put every row in its place.
"""

from collections.abc import Iterator

import duckdb
import pyarrow as pa

from data_lake.catalogue import name_commit, threads_of
from data_lake.key_order import in_key_order, overlapping_rows
from data_lake.read import Query, series_groups, symbol_parts, unordered
from data_lake.schema import FACT, TABLES, VersionedTable
from data_lake.table_files import list_files, write_files
from domain.market import Market

OVERLAPPING_MAX = 0.05
"""Share of a year's rows that may lie where files reach into each other before the year is written anew."""
WORTH_ROWS = 100_000
"""A read puts fewer rows into their places without anybody noticing."""
_EVER_US = 2**62


def interleaved_years(connection: duckdb.DuckDBPyConnection) -> list[tuple[VersionedTable, int]]:
    """Tables and years whose files no longer lie in key order. Tables that a read sorts anyway are not among them."""
    found = []
    for table in (item for item in TABLES.values() if not item.within):
        for (year,) in connection.execute(f"SELECT DISTINCT event_year FROM {table.current} ORDER BY 1").fetchall():
            rows = overlapping = 0
            for scan in _scans(connection, table, year, f"symbol, {table.time}"):
                rows += scan.num_rows
                overlapping += overlapping_rows(scan, table.time)
            if rows >= WORTH_ROWS and overlapping > OVERLAPPING_MAX * rows:
                found.append((table, int(year)))
    return found


def rewrite_year(connection: duckdb.DuckDBPyConnection, table: VersionedTable, year: int) -> None:
    """The current rows of a year in new files, inside the caller's transaction. The files they lay in stay for older states.

    The state that this leaves is named as the newest delivery's, since it holds the same.
    """
    threads = threads_of(connection)
    columns = ", ".join(("event_year", *table.key, *table.values, *FACT))
    paths = []
    for scan in _scans(connection, table, year, columns):
        paths += write_files(connection, table.current, {year: in_key_order(scan, table.time, threads)})
    connection.execute(f"DELETE FROM {table.current} WHERE event_year = {int(year)}")
    list_files(connection, table.current, paths)
    (head,) = connection.execute("SELECT delivery FROM head").fetchone() or (0,)
    name_commit(connection, head)


def _scans(connection: duckdb.DuckDBPyConnection, table: VersionedTable, year: int, columns: str) -> Iterator[pa.Table]:
    """The year's current rows in parts that fit the memory; parts in key order, the rows of each as they are found."""
    for values, series in series_groups(connection, table, f"event_year = {int(year)}"):
        told = dict(zip((name for name in table.series if name != "symbol"), values, strict=True))
        place = (told["venue"], Market(told["market"]), told.get("interval_us"))
        for symbols in symbol_parts(connection, Query(table, *place, -_EVER_US, _EVER_US, _EVER_US), ""):
            where = f"event_year = {int(year)} AND {series} AND {symbols}"
            yield unordered(connection, f"SELECT {columns} FROM {table.current} WHERE {where}")
