"""The append-only record: every trial before its result is shown, every verdict, every allocation document.

Leaves lie in `log.sqlite`, the signed promise about them in `checkpoint` beside it. A change to what a checkpoint covers
is found by `verify`; what lies beyond the newest checkpoint, or a folder set back as a whole to an older state, can only
be found by someone outside who kept a checkpoint.
"""

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from domain.canonical import canonical_bytes
from domain.errors import Refused
from durable.files import write_durably
from ledger import audit, merkle, rows
from ledger.audit import LogReport
from ledger.checkpoint import Checkpoint, log_origin, open_checkpoint, sign_checkpoint
from ledger.keys import SigningKey


@dataclass(frozen=True)
class Entry:
    """One leaf of the log."""

    index: int
    kind: str
    body: Any


def leaf_bytes(kind: str, body: Any) -> bytes:
    """The bytes of a leaf; Refused where the body is no JSON value (NaN is none)."""
    try:
        return canonical_bytes({"kind": kind, "body": body})
    except (ValueError, TypeError, RecursionError) as error:
        raise Refused(f"expected a JSON value as the body of a {kind!r} entry: {error}: correct the caller") from None


class Log:
    """The Merkle log of one folder, signed by one key."""

    def __init__(self, folder: Path, key: SigningKey) -> None:
        """Open the log in `folder`, or start one. Raises Refused where only a part of a log is there."""
        self._key = key
        self._origin = log_origin(key.public)
        self._database = folder / audit.DATABASE_NAME
        self._checkpoint = folder / audit.CHECKPOINT_NAME
        if not self._database.exists():
            # The promise of an empty log comes first: from then on a log without a checkpoint has lost it.
            empty = Checkpoint(self._origin, 0, merkle.EMPTY_ROOT)
            write_durably(self._checkpoint, sign_checkpoint(empty, key), replace=False)
        promised = self._promised()
        if promised.size and not self._database.exists():
            raise Refused(f"{self._database}: missing, yet {promised.size} entries are promised: restore it from a backup")
        rows.create(self._database)

    def append(self, kind: str, body: Any) -> int:
        """Index of the entry, durable and covered by a checkpoint on return; an entry already there keeps its index."""
        return self.append_many([(kind, body)])[0]

    def append_many(self, entries: Sequence[tuple[str, Any]]) -> list[int]:
        """Indices of the entries in their order: all become durable or none, then one checkpoint covers them.

        Raises Refused, and signs nothing, where a body is no JSON value or the log does not agree with its checkpoint;
        Unreachable where another process holds the log for too long.
        """
        leaves = [(kind, leaf_bytes(kind, body)) for kind, body in entries]
        with rows.connected(self._database) as connection:
            with rows.transaction(connection):
                self._agrees(connection)
                indices = [rows.insert(connection, kind, data, merkle.leaf_hash(data)) for kind, data in leaves]
            self._promise(connection)
        return indices

    def entries(self, kind: str | None = None) -> list[Entry]:
        """Entries of a kind, or all, by index. Raises Refused where one does not have its hash."""
        with rows.connected(self._database) as connection:
            return [_entry(*row) for row in rows.leaves(connection, kind)]

    def size(self) -> int:
        """Number of entries."""
        with rows.connected(self._database) as connection:
            return rows.size(connection)

    def root(self, size: int | None = None) -> bytes:
        """Root of the first `size` entries, of all where None. Raises Refused where there are fewer."""
        with rows.connected(self._database) as connection:
            held = rows.size(connection)
            if size is not None and size > held:
                raise Refused(f"expected a size of at most {held} entries, got {size}: ask for an earlier tree")
            return merkle.root(held if size is None else size, rows.stored_subtrees(connection))

    def inclusion_proof(self, index: int, size: int) -> list[bytes]:
        """Audit path of the entry `index` in the tree of the first `size` entries. Raises ValueError, Refused."""
        with rows.connected(self._database) as connection:
            return merkle.inclusion_proof(index, size, rows.stored_subtrees(connection))

    def consistency_proof(self, first: int, second: int) -> list[bytes]:
        """Proof that the tree of `first` entries begins the tree of `second`. Raises ValueError, Refused."""
        with rows.connected(self._database) as connection:
            return merkle.consistency_proof(first, second, rows.stored_subtrees(connection))

    def verify(self) -> LogReport:
        """Every hash, the tree and the checkpoint, computed anew."""
        return audit.examine_log(self._database.parent, self._key.public)

    def _promised(self) -> Checkpoint:
        try:
            return open_checkpoint(self._checkpoint.read_bytes(), self._origin, self._key.public)
        except FileNotFoundError:
            raise Refused(
                f"{self._checkpoint}: missing beside a log: restore it from a backup, or keep the log as evidence"
            ) from None

    def _agrees(self, connection: sqlite3.Connection) -> None:
        """A log never signs a history that contradicts one it signed before."""
        promised, subtrees = self._promised(), rows.stored_subtrees(connection)
        if rows.size(connection) < promised.size or merkle.root(promised.size, subtrees) != promised.root:
            raise Refused(
                f"{self._database}: the entries are not those of the checkpoint: run `factory log verify`; append nothing"
            )

    def _promise(self, connection: sqlite3.Connection) -> None:
        """Sign what is committed. Inside a transaction, so that of two processes the later never signs the smaller log."""
        with rows.transaction(connection):
            size = rows.size(connection)
            if self._promised().size < size:
                checkpoint = Checkpoint(self._origin, size, merkle.root(size, rows.stored_subtrees(connection)))
                write_durably(self._checkpoint, sign_checkpoint(checkpoint, self._key))


def _entry(index: int, kind: str, data: bytes, stored: bytes) -> Entry:
    if merkle.leaf_hash(data) != stored:
        raise Refused(f"entry {index} of the log was altered: run `factory log verify`")
    return Entry(index, kind, json.loads(data)["body"])
