"""How `factory sql` answers."""

import json
import sys
from pathlib import Path
from typing import Any

from pipelines.answers import answer, columns


def answer_sql(home: Any, query: str | None, out: Path | None, as_json: bool) -> None:
    """One query, or a session on standard input; how another DuckDB client attaches the lake goes to the error stream."""
    from steps.lake_sql import ask, ask_by_hand, ask_to_file, attachment

    if query is None:
        print(f"-- any DuckDB client can attach this lake:\n{attachment(home)}\n", file=sys.stderr)  # noqa: T201
        ask_by_hand(home)
    elif out is not None:
        result = ask_to_file(home, query, out)
        answer(result, as_json, lambda: f"{result['rows']:,} rows written to {out}")
    else:
        rows = ask(home, query)
        listed = rows.to_pylist()
        names = rows.column_names
        table = [names, *([_text(row[name]) for name in names] for row in listed)]
        answer(json.loads(json.dumps(listed, default=str)), as_json, lambda: columns(table))


def _text(value: object) -> str:
    return "" if value is None else str(value)
