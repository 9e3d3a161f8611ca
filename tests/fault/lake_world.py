"""A small lake, a delivery that touches everything, and faults at each of its write points.

Run as a program it makes the delivery in its own process and kills itself at a write point: `HOME FOLDER POINT [files]`.
"""

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import polars as pl

from data_lake import store, table_files
from data_lake.ingest import IngestReport
from data_lake.lake import Lake
from domain.market import Market
from domain.times import US_PER_HOUR, parse_utc

START_US = parse_utc("2024-01-01")
NOW_US = parse_utc("2024-06-01")
REVISED_US = parse_utc("2024-02-01")
HOURS = 30
TABLES = (
    "bars_current",
    "bars_superseded",
    "bars_observations",
    "deliveries",
    "delivery_files",
    "quarantine",
    "findings",
    "head",
)


def bars(symbol: str, hours: range, price: float) -> pl.DataFrame:
    """Hourly bars; close is price + hour."""
    hour = pl.Series("hour", list(hours), dtype=pl.Int64)
    close = price + hour
    times = START_US + hour * US_PER_HOUR
    prices = {"open": close, "high": close + 1, "low": close - 1, "close": close, "volume": hour + 1.0}
    return pl.DataFrame({"symbol": [symbol] * len(hour), "open_time": times, **prices})


def write_deliveries(folder: Path) -> None:
    """`base`: two symbols. `next`: a revision, a confirmation, a conflict, new bars, a bad row and a bad file."""
    for name in ("base", "next"):
        (folder / name).mkdir(parents=True)
    for symbol in ("AAAUSDT", "BBBUSDT"):
        bars(symbol, range(HOURS), 100.0).write_parquet(folder / "base" / f"{symbol}.parquet")
    revised = bars("AAAUSDT", range(HOURS + 6), 100.5)
    twice = bars("AAAUSDT", range(2, 3), 300.0)
    bad = bars("AAAUSDT", range(40, 41), -500.0)
    pl.concat([revised, twice, bad]).write_csv(folder / "next" / "AAAUSDT.csv")
    bars("BBBUSDT", range(HOURS), 100.0).write_csv(folder / "next" / "BBBUSDT.csv")
    (folder / "next" / "CCCUSDT.csv").write_text("open_time,open\n1,2\n")


def deliver(lake: Lake, folder: Path, name: str) -> IngestReport:
    known_at: Any = "published" if name == "base" else REVISED_US
    return lake.ingest([folder / name], "bars", venue="v", market=Market.SPOT, known_at=known_at, received_us=NOW_US, source=name)


def fingerprint(lake: Lake) -> dict[str, object]:
    """Everything that a lake says, so that two of them can be compared; catalogue numbers and file names are no part of it."""
    digests = [lake.content_digest("v", Market.SPOT, US_PER_HOUR, moment) for moment in (REVISED_US - 1, NOW_US)]
    tables = {name: sorted(map(repr, lake.query(f"FROM {name}", ()))) for name in TABLES}
    return {"digests": digests, **tables}


class FaultyConnection:
    """A connection that calls `fault` before each statement that writes; `transactions=False` plants a bug: none are used."""

    def __init__(self, inner: duckdb.DuckDBPyConnection, fault: Callable[[str], None], *, transactions: bool = True) -> None:
        self._inner, self._fault, self._transactions = inner, fault, transactions

    def execute(self, sql: str, *more: Any) -> duckdb.DuckDBPyConnection:
        verb = sql.split(None, 1)[0]
        if verb in ("INSERT", "UPDATE", "DELETE", "COMMIT", "CALL"):
            self._fault(sql[:40])
        if not self._transactions and verb in ("BEGIN", "COMMIT", "ROLLBACK"):
            return self._inner
        answer = self._inner.execute(sql, *more)
        if verb == "COMMIT":
            self._fault("after COMMIT")
        return answer

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)


class Points:
    """Counts write points and strikes at the chosen one."""

    def __init__(self, strike_at: int, strike: Callable[[str], None]) -> None:
        self.seen: list[str] = []
        self._strike_at, self._strike = strike_at, strike

    def __call__(self, what: str) -> None:
        self.seen.append(what)
        if len(self.seen) - 1 == self._strike_at:
            self._strike(what)


def as_files(points: Points, put: Callable[[object, str, object], None]) -> None:
    """Let every batch become files of its own. Each is a write point; the one that is struck is left torn."""
    write = table_files._write

    def torn(path: Path, rows: pl.DataFrame) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"PAR1 and no more")
        points("file")
        write(path, rows)

    put(table_files, "_write", torn)
    put(store, "LARGE_ROWS", 1)


def kill(_: str) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def main(home: str, folder: str, point: str, *files: str) -> None:
    points = Points(int(point), kill)
    if files:
        as_files(points, setattr)
    real_fsync = os.fsync
    os.fsync = lambda descriptor: (points("fsync"), real_fsync(descriptor))[1]
    lake = Lake(Path(home), threads=1)
    lake._catalogue.connection = FaultyConnection(lake._catalogue.connection, points)  # type: ignore[assignment]
    deliver(lake, Path(folder), "next")
    lake.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
