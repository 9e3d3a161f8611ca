"""Checking a log from nothing but its files and the public key that signs its checkpoints."""

import json
from dataclasses import dataclass
from pathlib import Path

from domain.errors import Refused
from ledger import merkle, rows
from ledger.checkpoint import Checkpoint, log_origin, open_checkpoint
from ledger.keys import PublicKey

DATABASE_NAME = "log.sqlite"
CHECKPOINT_NAME = "checkpoint"

_PROBLEMS_SHOWN = 20


@dataclass(frozen=True)
class LogReport:
    """What a check of a log found."""

    valid: bool
    size: int
    """Entries found."""
    checkpoint_size: int | None
    """Entries that the checkpoint covers; None where it cannot be trusted."""
    root: str | None
    """Hex of the root over all entries found; None where they cannot be read."""
    problems: tuple[str, ...]
    """One sentence each; of very many, the first."""
    notes: tuple[str, ...] = ()
    """What is worth knowing and is no problem."""


def examine_log(folder: Path, key: PublicKey) -> LogReport:
    """Compute every leaf hash, the tree and its root anew and hold them against the signed checkpoint.

    An edited, removed, inserted, reordered or cut-off row below the checkpoint's size is a problem, as is a checkpoint
    that is missing, altered or of another log. Entries beyond it are a note: a crash between the two writes leaves them,
    and the next append covers them. Raises Refused where the folder holds no log, Unreachable where it stays locked.
    """
    if not (folder / DATABASE_NAME).exists() and not (folder / CHECKPOINT_NAME).exists():
        raise Refused(f"{folder}: expected a log ({DATABASE_NAME} and {CHECKPOINT_NAME}), found neither: check the home")
    checkpoint, problems = _read_checkpoint(folder / CHECKPOINT_NAME, key)
    covered = None if checkpoint is None else checkpoint.size
    try:
        leaves, subtrees = _read_rows(folder / DATABASE_NAME)
    except Refused as refusal:
        return LogReport(False, 0, covered, None, (*problems, str(refusal)))
    problems += _leaf_problems(leaves)
    hashes = [merkle.leaf_hash(data) for _, _, data, _ in leaves]
    problems += _subtree_problems(hashes, subtrees)
    notes: tuple[str, ...] = ()
    if checkpoint is not None:
        problems += _checkpoint_problems(hashes, checkpoint)
        if len(hashes) > checkpoint.size:
            notes = (f"the checkpoint covers {checkpoint.size} of {len(hashes)} entries; the next append covers the rest",)
    root = merkle.root(len(hashes), merkle.subtrees_of(hashes)).hex()
    shown = problems[:_PROBLEMS_SHOWN]
    if len(problems) > len(shown):
        shown.append(f"and {len(problems) - len(shown)} problems more")
    return LogReport(not problems, len(hashes), covered, root, tuple(shown), notes)


def _read_checkpoint(path: Path, key: PublicKey) -> tuple[Checkpoint | None, list[str]]:
    try:
        return open_checkpoint(path.read_bytes(), log_origin(key), key), []
    except FileNotFoundError:
        return None, ["the checkpoint is missing"]
    except Refused as refusal:
        return None, [str(refusal)]


def _read_rows(path: Path) -> tuple[list[tuple[int, str, bytes, bytes]], dict[tuple[int, int], bytes]]:
    if not path.exists():
        return [], {}
    with rows.connected(path) as connection:
        connection.execute("BEGIN")  # one snapshot of both tables
        leaves, subtrees = rows.leaves(connection), rows.subtrees(connection)
    if any(tuple(map(type, row)) != (int, str, bytes, bytes) for row in leaves):
        raise Refused(f"{path}: expected rows of number, kind, bytes and hash: the table was replaced; restore it from a backup")
    return leaves, subtrees


def _leaf_problems(leaves: list[tuple[int, str, bytes, bytes]]) -> list[str]:
    problems: list[str] = []
    for expected, (position, kind, data, stored) in enumerate(leaves):
        if position != expected:
            return [*problems, f"entry {expected} is missing: the next one has the number {position}"]
        if merkle.leaf_hash(data) != stored:
            problems.append(f"entry {position}: its bytes do not have the hash that was stored with it")
        if _kind_of(data) != kind:
            problems.append(f"entry {position}: it is filed as {kind!r}, its bytes say {_kind_of(data)!r}")
    return problems


def _kind_of(data: bytes) -> str | None:
    try:
        value = json.loads(data)
    except (ValueError, RecursionError):
        return None
    kind = value.get("kind") if isinstance(value, dict) else None
    return kind if isinstance(kind, str) else None


def _subtree_problems(hashes: list[bytes], stored: dict[tuple[int, int], bytes]) -> list[str]:
    levels = merkle.perfect_levels(hashes)
    computed = {(level, number): value for level in range(1, len(levels)) for number, value in enumerate(levels[level])}
    return [
        f"the stored hash of subtree {number} at level {level} is not that of its entries"
        for level, number in sorted(computed.keys() | stored.keys())
        if computed.get((level, number)) != stored.get((level, number))
    ]


def _checkpoint_problems(hashes: list[bytes], checkpoint: Checkpoint) -> list[str]:
    if len(hashes) < checkpoint.size:
        return [f"the checkpoint covers {checkpoint.size} entries, only {len(hashes)} are there: entries were removed"]
    if merkle.root(checkpoint.size, merkle.subtrees_of(hashes)) != checkpoint.root:
        return [f"the first {checkpoint.size} entries do not have the root of the checkpoint: entries were changed"]
    return []
