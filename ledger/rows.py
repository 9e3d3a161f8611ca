"""The log's rows in SQLite: leaves, and the hashes of perfect subtrees above them so that appending stays cheap."""

import fcntl
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from domain.errors import Refused, Unreachable
from ledger.merkle import Subtrees, completed_subtrees

WAIT_SECONDS = 60.0
"""How long one process waits for another's transaction on the same log."""

_TRANSIENT = frozenset(
    {
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_READONLY,
    }
)
"""Primary result codes that say nothing against the file itself."""

_SCHEMA = """
CREATE TABLE IF NOT EXISTS leaf (
    position INTEGER PRIMARY KEY CHECK (position >= 0),
    kind TEXT NOT NULL,
    data BLOB NOT NULL,
    hash BLOB NOT NULL UNIQUE
) STRICT;
CREATE TABLE IF NOT EXISTS subtree (
    level INTEGER NOT NULL CHECK (level > 0),
    number INTEGER NOT NULL,
    hash BLOB NOT NULL,
    PRIMARY KEY (level, number)
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS leaf_kind ON leaf (kind, position);
"""


@contextmanager
def connected(path: Path) -> Iterator[sqlite3.Connection]:
    """A connection that commits durably (WAL, synchronous=FULL), for one piece of work.

    Raises Refused where the file is no intact log, Unreachable where it is locked for too long or the disk fails.
    """
    try:
        with closing(sqlite3.connect(path, timeout=WAIT_SECONDS, isolation_level=None)) as connection:
            connection.execute("PRAGMA synchronous = FULL")
            yield connection
    except sqlite3.Error as error:
        if getattr(error, "sqlite_errorcode", 0) & 0xFF in _TRANSIENT:
            raise Unreachable(f"{path}: no answer ({error}): see that the disk is writable, then try again") from None
        raise Refused(f"{path}: expected an intact log: {error}: restore it from a backup") from None


def create(path: Path) -> None:
    """Make the database where there is none; processes that race wait for the first: SQLite's change to WAL
    fails at once, whatever the timeout, while another connection writes.
    """
    descriptor = os.open(path.with_suffix(".lock"), os.O_RDWR | os.O_CREAT, 0o644)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        with connected(path) as connection:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.executescript(_SCHEMA)
    finally:
        os.close(descriptor)


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """Excludes every other writer from its first read on; an error rolls it back."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def size(connection: sqlite3.Connection) -> int:
    """One more than the highest position."""
    return int(connection.execute("SELECT coalesce(max(position) + 1, 0) FROM leaf").fetchone()[0])


def leaves(connection: sqlite3.Connection, kind: str | None = None) -> list[tuple[int, str, bytes, bytes]]:
    """(position, kind, data, hash) of the leaves of a kind, or of all, by position."""
    columns = "SELECT position, kind, data, hash FROM leaf"
    if kind is None:
        return connection.execute(f"{columns} ORDER BY position").fetchall()
    return connection.execute(f"{columns} WHERE kind = ? ORDER BY position", (kind,)).fetchall()


def subtrees(connection: sqlite3.Connection) -> dict[tuple[int, int], bytes]:
    """Stored hashes above the leaves, by (level, number)."""
    return {(level, number): value for level, number, value in connection.execute("SELECT level, number, hash FROM subtree")}


def stored_subtrees(connection: sqlite3.Connection) -> Subtrees:
    """The look-up of merkle.Subtrees over the rows; a missing row is Refused."""

    def look_up(level: int, number: int) -> bytes:
        if level == 0:
            row = connection.execute("SELECT hash FROM leaf WHERE position = ?", (number,)).fetchone()
        else:
            row = connection.execute("SELECT hash FROM subtree WHERE level = ? AND number = ?", (level, number)).fetchone()
        if row is None:
            raise Refused(
                f"the log lacks the row of subtree {number} at level {level}: rows were removed; run `factory log verify`"
            )
        return bytes(row[0])

    return look_up


def insert(connection: sqlite3.Connection, kind: str, data: bytes, leaf: bytes) -> int:
    """Position of the leaf: that of the equal leaf already there, or the next."""
    row = connection.execute("SELECT position FROM leaf WHERE hash = ?", (leaf,)).fetchone()
    if row is not None:
        return int(row[0])
    position = size(connection)
    connection.execute("INSERT INTO leaf VALUES (?, ?, ?, ?)", (position, kind, data, leaf))
    completed = completed_subtrees(position, leaf, stored_subtrees(connection))
    connection.executemany("INSERT INTO subtree VALUES (?, ?, ?)", completed)
    return position
