"""Research in a notebook: the lake, with every read on record, and the runs.

```python
from steps.notebook import load_run, open_lake

with open_lake(".factory") as lake:
    bars = lake.read_polars("bars", symbols=["BTCUSDT"], start="2024-01-01", end="2024-02-01", as_of="2024-03-01")
run = load_run("3f9c", ".factory")
run.daily, run.orders, run.results["sharpe_annual"], run.authors
```
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from data_lake.notebook import OpenLake
from data_lake.notebook import open_lake as open_unrecorded
from domain.market import Market
from domain.times import parse_utc
from steps.exposures import record_query, record_read
from steps.home import Home
from steps.run_records import ResearchRun, load_run

__all__ = ["RecordedLake", "ResearchRun", "load_run", "open_lake"]


def open_lake(home: str | Path) -> "RecordedLake":
    """The lake of a home that has one; Refused where there is none. Reads only, each on record before its rows come."""
    root = Path(home).expanduser().resolve()
    open_unrecorded(root).close()
    return RecordedLake(root)


class RecordedLake(OpenLake):
    """`data_lake.notebook.OpenLake` whose every read is an exposure on the log."""

    def __init__(self, home: Path) -> None:
        super().__init__(home)
        self._home = Home(home)

    def read_arrow(
        self,
        table: str,
        *,
        start: str | int,
        end: str | int,
        as_of: str | int,
        symbols: Sequence[str] | None = None,
        venue: str = "binance",
        market: str = "spot",
        **choices: Any,
    ) -> pa.Table:
        """Rows with start <= event time < end as known at `as_of`, in (symbol, time) order; on record first.

        `choices`: what else `OpenLake.read_arrow` takes.
        """
        span = _us(start), _us(end), _us(as_of)
        record_read(self._home, "notebook", table, venue, Market(market), symbols, *span)
        where: dict[str, Any] = {"start": start, "end": end, "as_of": as_of, "symbols": symbols, "venue": venue, "market": market}
        return super().read_arrow(table, **where, **choices)

    def relation(self, table: str, *, as_of: str | int) -> duckdb.DuckDBPyRelation:
        """The whole table as known at `as_of`; on record first."""
        record_query(self._home, f"{table} as of {as_of}")
        return super().relation(table, as_of=as_of)

    def sql(self, query: str) -> duckdb.DuckDBPyRelation:
        """Any query; on record first."""
        record_query(self._home, query)
        return super().sql(query)


def _us(moment: str | int) -> int:
    return moment if isinstance(moment, int) else parse_utc(moment)
