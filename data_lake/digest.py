"""One digest over everything that the versioned tables hold, so that a lake can be compared with its rebuilt self."""

import hashlib

import duckdb

from data_lake.read import add_to_digest
from data_lake.schema import FACT, TABLES


def lake_digest(connection: duckdb.DuckDBPyConnection) -> str:
    """`sha256:` over current, superseded and observed rows of all tables in key order, year by year.

    With their knowledge times, sources and delivery numbers; without files, row numbers and the catalogue's own versions. A table
    without rows adds nothing, so that a new kind of table changes no old digest.
    """
    total = hashlib.sha256()
    for table in sorted(TABLES.values(), key=lambda item: item.name):
        for name in (table.current, table.superseded, table.observations):
            columns = [*table.key, *table.values, *FACT, *(["known_until"] if name == table.superseded else [])]
            order = ", ".join([*table.key, "knowledge_time", "source", "carried", *table.values, "delivery"])
            years = connection.execute(f"SELECT DISTINCT event_year FROM {name} ORDER BY 1").fetchall()
            for (year,) in years:
                total.update(f"{name} {year}\n".encode())
                sql = f"SELECT {', '.join(columns)} FROM {name} WHERE event_year = ? ORDER BY {order}"
                add_to_digest(total, connection.execute(sql, [year]).to_arrow_table())
    return "sha256:" + total.hexdigest()
