"""`factory sql`: questions to the lake in SQL, read only."""

import sys
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from data_lake.lake import Lake
from data_lake.notebook import attach_statements, sql_session
from domain.errors import Refused
from steps.exposures import record_query
from steps.home import Home
from steps.lake_words import write_rows


def attachment(home: Home) -> str:
    """What any DuckDB client runs to see the same lake."""
    return "\n".join(attach_statements(home.root))


def ask(home: Home, query: str) -> pa.Table:
    """The answer of one query. Refused where DuckDB refuses it, with its own sentence."""
    with Lake(home.root):  # a lake that is lost or not yet made is told by its own refusal, and an older one gets its macros
        pass
    session = sql_session(home.root)
    record_query(home, query)
    try:
        return session.execute(query).to_arrow_table()
    except duckdb.Error as error:
        raise Refused(f"the query was refused: {str(error).strip()}") from None
    finally:
        session.close()


def ask_to_file(home: Home, query: str, out: Path) -> dict[str, Any]:
    """Write the answer of one query to a Parquet, CSV or Arrow file."""
    rows = ask(home, query)
    write_rows(rows, out)
    return {"rows": rows.num_rows, "file": str(out)}


def ask_by_hand(home: Home) -> None:
    """Answer query after query from standard input, each ended by a semicolon, until it ends."""
    with Lake(home.root):
        pass
    session = sql_session(home.root)
    waiting = ""
    for line in sys.stdin:
        waiting += line
        if not waiting.strip().endswith(";"):
            continue
        record_query(home, waiting)
        try:
            answer = session.sql(waiting)
            if answer is not None:
                answer.show(max_rows=100)
        except duckdb.Error as error:
            print(str(error).strip(), file=sys.stderr)  # noqa: T201 - a session goes on after a wrong query
        waiting = ""
    session.close()
