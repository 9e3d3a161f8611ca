"""The lake in one call, for a notebook or a script: as-of reads as Polars, Arrow or DuckDB, and a read-only SQL session.

```python
from data_lake.notebook import open_lake

with open_lake(".factory") as lake:
    bars = lake.read_polars("bars", symbols=["BTCUSDT"], start="2024-01-01", end="2024-02-01", as_of="2024-03-01", interval="1h")
    lake.sql("SELECT symbol, count(*) FROM bars_as_of('2024-03-01') GROUP BY symbol").pl()
```
"""

from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import duckdb
import polars as pl
import pyarrow as pa

from data_lake.catalogue import prepare
from data_lake.choices import Ask, choice_of, read_chosen
from data_lake.lake import Lake
from data_lake.location import ALIAS, location_of
from data_lake.recognise import INTERVALS
from domain.errors import Refused
from domain.market import Market
from domain.times import parse_utc


def open_lake(home: str | Path) -> "OpenLake":
    """The lake of a home that has one; Refused where there is none. Reads only."""
    root = Path(home).expanduser().resolve()
    location = location_of(root)
    if location.schema is None and not (location.data.parent / "catalogue.sqlite").exists():
        raise Refused(f"{root}: expected the home of a lake, found none: `factory ingest` makes one")
    return OpenLake(root)


def attach_statements(home: Path) -> tuple[str, ...]:
    """What any DuckDB client runs to see this lake: the extensions, the attachment, and USE, which the macros need."""
    location = location_of(home)
    installed = [f"INSTALL {name}; LOAD {name};" for name in location.extensions]
    return (*installed, f"{location.attach(read_only=True)};", f"USE {ALIAS};")


def sql_session(home: Path, threads: int = 2) -> duckdb.DuckDBPyConnection:
    """A DuckDB session in UTC with the lake attached for reading and in use; the caller closes it."""
    location = location_of(home)
    connection = duckdb.connect(config={"threads": threads})
    prepare(connection, location)
    connection.execute(location.attach(read_only=True))
    connection.execute(f"USE {ALIAS}")
    return connection


class OpenLake:
    """As-of reads and SQL on one lake; a context manager.

    Times are given as microseconds, or ISO 8601 text in UTC. `interval` by name, such as `1h`; needed where there are several.
    """

    def __init__(self, home: Path) -> None:
        self._lake = Lake(home)
        self._session = sql_session(home)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        self._session.close()
        self._lake.close()

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
        interval: str | None = None,
        snapshot: int | None = None,
        exclude_flagged: str | None = None,
        universe: str | None = None,
        instruments: Sequence[str] | None = None,
    ) -> pa.Table:
        """Rows with start <= event time < end as known at `as_of`, in (symbol, time) order; see `Lake.read`.

        `exclude_flagged`: a severity (info, amber or red): without rows that have a finding of it or worse. `universe`: a
        symbol's rows only while it was a member. `instruments`: rows of these ids of the `instruments` table, whatever the
        ticker was; see `data_lake.choices`.
        """
        if interval is not None and interval not in INTERVALS:
            raise Refused(f"expected an interval among {', '.join(INTERVALS)}, got {interval!r}")
        interval_us = None if interval is None else INTERVALS[interval]
        ask = Ask(table, venue, Market(market), _us(start), _us(end), _us(as_of), symbols, interval_us, snapshot)
        return read_chosen(self._lake, ask, choice_of(exclude_flagged, universe, instruments)).rows

    def read_polars(
        self,
        table: str,
        *,
        start: str | int,
        end: str | int,
        as_of: str | int,
        symbols: Sequence[str] | None = None,
        venue: str = "binance",
        market: str = "spot",
        interval: str | None = None,
        snapshot: int | None = None,
        exclude_flagged: str | None = None,
        universe: str | None = None,
        instruments: Sequence[str] | None = None,
    ) -> pl.DataFrame:
        """As `read_arrow`, a Polars frame."""
        rows = self.read_arrow(
            table, start=start, end=end, as_of=as_of, symbols=symbols, venue=venue, market=market, interval=interval,
            snapshot=snapshot, exclude_flagged=exclude_flagged, universe=universe, instruments=instruments,
        )  # fmt: skip
        frame = pl.from_arrow(rows)
        assert isinstance(frame, pl.DataFrame)
        return frame

    def relation(self, table: str, *, as_of: str | int) -> duckdb.DuckDBPyRelation:
        """The whole table as known at `as_of`, as a relation of `sql`'s session: filtered and joined before anything is read."""
        return self._session.sql(f"SELECT * FROM {table}_as_of(make_timestamp({_us(as_of)}))")

    def sql(self, query: str) -> duckdb.DuckDBPyRelation:
        """Any query; `bars_as_of(moment)` and its like answer as of a moment."""
        return self._session.sql(query)


def _us(moment: str | int) -> int:
    return moment if isinstance(moment, int) else parse_utc(moment)
