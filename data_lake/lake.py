"""The lake of one home."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self

import pyarrow as pa

from data_lake.catalogue import Catalogue
from data_lake.delivery import Statement
from data_lake.findings import Finding, keep_findings
from data_lake.ingest import IngestReport, ingest
from data_lake.instruments import Instruments, load_instruments
from data_lake.panel import panel
from data_lake.raw import RawStore
from data_lake.read import Query, Series, content_digest, describe, read
from data_lake.rebuild import refuse_empty_database, refuse_lost_catalogue
from data_lake.records import DeliveryRecords
from data_lake.schema import versioned_table
from data_lake.vintages import Known, known_otherwise
from domain.market import Market, Panel


class Lake:
    """Raw store and point-in-time tables under one home; a context manager. Not for several threads at once.

    `threads` bounds the parallel work of a query and changes no answer. `sources`: names from the most trusted down, for values
    that disagree at one (key, knowledge time); a source not named is trusted least.
    """

    def __init__(
        self, home: Path, *, threads: int = 2, sources: tuple[str, ...] = (), instruments: Instruments | None = None
    ) -> None:
        self.home = home
        self._raw = RawStore(home)
        self._instruments = load_instruments() if instruments is None else instruments
        self._records = DeliveryRecords(home)
        self._sources = sources
        refuse_lost_catalogue(home, self._records)
        self._catalogue = Catalogue(home, threads)
        refuse_empty_database(self._catalogue, self._records)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    @property
    def catalogue(self) -> Catalogue:
        """For the care of the lake; whoever decides on values uses `read`."""
        return self._catalogue

    def close(self) -> None:
        self._catalogue.close()

    def ingest(
        self,
        paths: Sequence[Path],
        table: str,
        *,
        venue: str,
        market: Market,
        received_us: int,
        source: str,
        interval_us: int | None = None,
        known_at: int | Literal["published", "received"] = "published",
        lag_us: int | None = None,
        form: Mapping[str, Any] | None = None,
    ) -> IngestReport:
        """Take in files and folders of bars or funding (Parquet, CSV; zip and gz of these).

        `known_at`: literally this moment (microseconds) for every row, or `published`: event complete plus the table's
        publication lag, marked as assumed, or `received`: the same, but not before it was received. `lag_us`: another lag
        than the table's. `form`: see `Statement`. `received_us`: the clock at the edge; a bar that had not closed by then, or by
        its knowledge time, is unfinished and goes to quarantine. `interval_us` None: the commonest step of each file's times.

        Good rows and files are kept, bad ones lie in quarantine with the reason. The same file with the same statement again is
        `unchanged`, and nothing is written. Raises Refused where nothing usable came (what could be kept is then in
        quarantine), Unreachable where other writers kept the catalogue busy, OSError where the disk failed: rerun completes it.
        """
        said = Statement(versioned_table(table), venue, market, interval_us, known_at, received_us, source, form, lag_us)
        return ingest(self._catalogue, self._raw, self._records, self._instruments, self._sources, paths, said)

    def read(
        self,
        table: str,
        *,
        venue: str,
        market: Market,
        start_us: int,
        end_us: int,
        as_of_us: int,
        symbols: Sequence[str] | None = None,
        interval_us: int | None = None,
        snapshot: int | None = None,
    ) -> pa.Table:
        """Rows with start_us <= event time < end_us, each in the newest version known at `as_of_us`, in (symbol, time) order.

        Columns: symbol, event time (int64 us, UTC), the table's values (null where no source carried one), knowledge_time,
        source. `snapshot`: what the lake held after that delivery; None: what it holds. Bars need `interval_us` where the lake
        has more than one for the market. The answer's chunks are of any length and may differ from one call to the next.
        Raises Refused for an unknown table or snapshot, or an ambiguous interval.
        """
        query = Query(versioned_table(table), venue, market, interval_us, start_us, end_us, as_of_us, symbols, snapshot)
        return read(self._catalogue.connection, query)

    def panel(
        self,
        venue: str,
        market: Market,
        interval_us: int,
        start_us: int,
        end_us: int,
        as_of_us: int,
        symbols: Sequence[str] | None = None,
        snapshot: int | None = None,
    ) -> Panel:
        """Bars and funding on the regular grid start_us <= t < end_us; symbols in the order given, else by name.

        NaN where no bar was known. Raises Refused where the lake has no bar there, or the bounds are off the grid.
        """
        return panel(self._catalogue.connection, venue, market, interval_us, start_us, end_us, as_of_us, symbols, snapshot)

    def known_otherwise(self, panel: Panel, as_of_us: int, *, decision_lag_us: int, snapshot: int | None = None) -> Known:
        """What of a panel, read as of `as_of_us`, decisions at the bars' own closes saw otherwise or not at all.

        A decision at a close is taken `decision_lag_us` later, on what was known by then.
        """
        return known_otherwise(self._catalogue.connection, panel, as_of_us, decision_lag_us, snapshot)

    def describe(self, as_of_us: int | None = None, before_us: int | None = None) -> tuple[Series, ...]:
        """Every series in the lake, by table, venue, market, interval and symbol, of rows before `before_us`; None: no bound."""
        return describe(self._catalogue.connection, as_of_us, before_us)

    def content_digest(
        self,
        venue: str,
        market: Market,
        interval_us: int | None,
        as_of_us: int,
        *,
        table: str = "bars",
        start_us: int = -(2**62),
        end_us: int = 2**62,
        snapshot: int | None = None,
    ) -> str:
        """`sha256:` over the answer of `read` in key order, without source: the same facts, the same digest, on any machine."""
        query = Query(versioned_table(table), venue, market, interval_us, start_us, end_us, as_of_us, None, snapshot)
        return content_digest(self._catalogue.connection, query)

    def snapshot(self) -> int:
        """Number of the newest delivery; 0 in an empty lake."""
        (number,) = self._catalogue.connection.execute("SELECT delivery FROM head").fetchone() or (0,)
        return int(number)

    def deliveries(self) -> pa.Table:
        """One row for each delivery: what was stated, when it came, what became of its rows."""
        return self._all("deliveries", "delivery")

    def quarantine(self) -> pa.Table:
        """Rows (payload as JSON) and whole files (payload null, bytes in the raw store under the checksum) with the reason."""
        return self._all("quarantine", "delivery, origin, reason, payload")

    def note(self, findings: Sequence[Finding]) -> int:
        """Keep what a check of the tables found: rows of `findings`, each once; returns how many are new. No data is touched."""
        return self._catalogue.transact(lambda connection: keep_findings(connection, findings)) if findings else 0

    def findings(self) -> pa.Table:
        """What was found while deliveries were taken in, and what checks of the tables found since.

        `delivery`: the state of the lake in which it was first found.
        """
        return self._all("findings", "delivery, kind, symbol, interval_us, at_us, evidence")

    def query(self, sql: str, parameters: Sequence[object]) -> list[tuple[Any, ...]]:
        """Rows of a SELECT over the lake's own tables, for checks; whoever decides on values uses `read`."""
        return self._catalogue.connection.execute(sql, list(parameters)).fetchall()

    def _all(self, table: str, order: str) -> pa.Table:
        return self._catalogue.connection.execute(f"FROM {table} ORDER BY {order}").to_arrow_table()
