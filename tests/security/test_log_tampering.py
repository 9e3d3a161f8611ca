"""Whoever can write the log's files but has not its key cannot change its past unseen."""

import shutil
import sqlite3

import pytest

from domain.canonical import canonical_bytes
from domain.errors import Refused
from ledger import merkle
from ledger.audit import examine_log
from ledger.log import Log
from tests.documents import ALLOCATOR, STRANGER

SIZE = 11


@pytest.fixture
def folder(tmp_path):
    Log(tmp_path, ALLOCATOR).append_many([("trial", {"sharpe": n}) for n in range(SIZE)])
    assert examine_log(tmp_path, ALLOCATOR.public).valid
    return tmp_path


def change(folder, *statements, parameters=()) -> None:
    connection = sqlite3.connect(folder / "log.sqlite", isolation_level=None)
    for statement in statements:
        connection.execute(statement, parameters)
    connection.close()


def problems(folder) -> tuple[str, ...]:
    report = examine_log(folder, ALLOCATOR.public)
    assert report.valid is (not report.problems)
    return report.problems


def forged(body) -> tuple[bytes, bytes]:
    data = canonical_bytes({"kind": "trial", "body": body})
    return data, merkle.leaf_hash(data)


def rebuild_subtrees(folder) -> None:
    """What a careful forger does: make every stored hash agree with the changed rows."""
    connection = sqlite3.connect(folder / "log.sqlite", isolation_level=None)
    connection.execute("DELETE FROM subtree")
    levels = merkle.perfect_levels([row[0] for row in connection.execute("SELECT hash FROM leaf ORDER BY position")])
    for level in range(1, len(levels)):
        rows = [(level, number, value) for number, value in enumerate(levels[level])]
        connection.executemany("INSERT INTO subtree VALUES (?, ?, ?)", rows)
    connection.close()


@pytest.mark.parametrize("position", range(SIZE))
def test_an_edited_row_is_found(folder, position) -> None:
    change(folder, "UPDATE leaf SET data = ? WHERE position = ?", parameters=(forged({"sharpe": 99})[0], position))
    assert f"entry {position}: its bytes do not have the hash" in problems(folder)[0]


@pytest.mark.parametrize("position", range(SIZE))
def test_a_row_edited_with_all_its_hashes_is_found(folder, position) -> None:
    change(folder, "UPDATE leaf SET data = ?, hash = ? WHERE position = ?", parameters=(*forged({"sharpe": 99}), position))
    rebuild_subtrees(folder)
    assert problems(folder) == (f"the first {SIZE} entries do not have the root of the checkpoint: entries were changed",)
    with pytest.raises(Refused, match="not those of the checkpoint"):
        Log(folder, ALLOCATOR).append("trial", "new")


def test_a_row_filed_as_another_kind_is_found(folder) -> None:
    change(folder, "UPDATE leaf SET kind = 'verdict' WHERE position = 3")
    assert problems(folder) == ("entry 3: it is filed as 'verdict', its bytes say 'trial'",)


@pytest.mark.parametrize("position", range(SIZE))
def test_a_deleted_row_is_found(folder, position) -> None:
    change(folder, "DELETE FROM leaf WHERE position = ?", parameters=(position,))
    assert problems(folder)


@pytest.mark.parametrize("position", range(SIZE - 1))
def test_a_deleted_row_with_the_rest_moved_up_is_found(folder, position) -> None:
    change(folder, "DELETE FROM leaf WHERE position = ?", parameters=(position,))
    for later in range(position + 1, SIZE):
        change(folder, "UPDATE leaf SET position = ? WHERE position = ?", parameters=(later - 1, later))
    rebuild_subtrees(folder)
    assert problems(folder) == (f"the checkpoint covers {SIZE} entries, only {SIZE - 1} are there: entries were removed",)


@pytest.mark.parametrize("kept", range(SIZE))
def test_a_truncated_log_is_found(folder, kept) -> None:
    change(folder, "DELETE FROM leaf WHERE position >= ?", parameters=(kept,))
    rebuild_subtrees(folder)
    assert problems(folder) == (f"the checkpoint covers {SIZE} entries, only {kept} are there: entries were removed",)
    with pytest.raises(Refused, match="not those of the checkpoint"):
        Log(folder, ALLOCATOR).append("trial", "new")


@pytest.mark.parametrize(("one", "other"), [(0, 1), (0, 10), (4, 7), (9, 10)])
def test_reordered_rows_are_found(folder, one, other) -> None:
    for old, new in ((one, 1000), (other, one), (1000, other)):
        change(folder, "UPDATE leaf SET position = ? WHERE position = ?", parameters=(new, old))
    rebuild_subtrees(folder)
    assert problems(folder) == (f"the first {SIZE} entries do not have the root of the checkpoint: entries were changed",)


def test_an_inserted_row_is_found(folder) -> None:
    change(folder, "UPDATE leaf SET position = position + 1000 WHERE position >= 5")
    change(folder, "UPDATE leaf SET position = position - 999 WHERE position >= 1000")
    change(folder, "INSERT INTO leaf VALUES (5, 'trial', ?, ?)", parameters=forged({"sharpe": 99}))
    rebuild_subtrees(folder)
    assert "do not have the root of the checkpoint" in problems(folder)[0]


def test_a_changed_stored_hash_is_found(folder) -> None:
    change(folder, "UPDATE subtree SET hash = zeroblob(32) WHERE level = 2 AND number = 1")
    assert problems(folder) == ("the stored hash of subtree 1 at level 2 is not that of its entries",)


@pytest.mark.parametrize("replacement", [None, b"", b"nonsense"])
def test_a_missing_or_broken_checkpoint_is_found_and_nothing_is_signed(folder, replacement) -> None:
    (folder / "checkpoint").unlink()
    if replacement is not None:
        (folder / "checkpoint").write_bytes(replacement)
    assert "checkpoint" in problems(folder)[0]
    with pytest.raises(Refused, match="checkpoint"):
        Log(folder, ALLOCATOR)


def test_a_checkpoint_signed_by_another_key_is_found(folder, tmp_path_factory) -> None:
    other = tmp_path_factory.mktemp("other")
    Log(other, STRANGER).append_many([("trial", {"sharpe": n}) for n in range(SIZE)])
    shutil.copy(other / "checkpoint", folder / "checkpoint")
    assert "expected a signature line" in problems(folder)[0]


def test_an_older_genuine_checkpoint_cannot_hide_a_change_before_it(folder) -> None:
    old = (folder / "checkpoint").read_bytes()
    Log(folder, ALLOCATOR).append("trial", "later")
    (folder / "checkpoint").write_bytes(old)
    report = examine_log(folder, ALLOCATOR.public)
    assert report.valid
    assert report.notes
    change(folder, "UPDATE leaf SET data = ?, hash = ? WHERE position = 4", parameters=forged({"sharpe": 99}))
    rebuild_subtrees(folder)
    assert problems(folder)


def test_a_database_put_in_its_place_is_found(folder) -> None:
    (folder / "log.sqlite").unlink()
    with pytest.raises(Refused, match="11 entries are promised"):
        Log(folder, ALLOCATOR)
    assert problems(folder) == (f"the checkpoint covers {SIZE} entries, only 0 are there: entries were removed",)
    change(folder, "CREATE TABLE leaf (position, kind, data, hash)", "INSERT INTO leaf VALUES (0, 1, 2, 3)")
    assert "expected an intact log" in problems(folder)[0]
    change(folder, "CREATE TABLE subtree (level, number, hash)")
    assert "the table was replaced" in problems(folder)[0]


def test_an_altered_entry_is_never_handed_out(folder) -> None:
    change(folder, "UPDATE leaf SET data = ? WHERE position = 2", parameters=(forged({"sharpe": 99})[0],))
    with pytest.raises(Refused, match="entry 2 of the log was altered"):
        Log(folder, ALLOCATOR).entries("trial")
