import sqlite3

import pytest

from domain.canonical import canonical_bytes
from domain.errors import Refused, Unreachable
from durable.files import write_durably
from ledger import log as log_module
from ledger import merkle, rows
from ledger.audit import examine_log
from ledger.checkpoint import log_origin, open_checkpoint
from ledger.log import Entry, Log, leaf_bytes
from tests.documents import ALLOCATOR, STRANGER

KEY = ALLOCATOR


def checkpoint_of(folder):
    return open_checkpoint((folder / "checkpoint").read_bytes(), log_origin(KEY.public), KEY.public)


def test_entries_are_numbered_found_again_and_covered(tmp_path) -> None:
    log = Log(tmp_path, KEY)
    assert log.append("trial", {"n": 1}) == 0
    assert log.append_many([("verdict", "PASS"), ("trial", {"n": 2})]) == [1, 2]
    assert log.entries("trial") == [Entry(0, "trial", {"n": 1}), Entry(2, "trial", {"n": 2})]
    assert [entry.index for entry in log.entries()] == [0, 1, 2]
    hashes = [
        merkle.leaf_hash(canonical_bytes(leaf))
        for leaf in (
            {"kind": "trial", "body": {"n": 1}},
            {"kind": "verdict", "body": "PASS"},
            {"kind": "trial", "body": {"n": 2}},
        )
    ]
    expected = merkle.node_hash(merkle.node_hash(hashes[0], hashes[1]), hashes[2])
    assert log.root() == expected == checkpoint_of(tmp_path).root
    assert log.size() == checkpoint_of(tmp_path).size == 3
    report = log.verify()
    assert (report.valid, report.size, report.checkpoint_size, report.problems, report.notes) == (True, 3, 3, (), ())
    assert report.root == expected.hex()


def test_the_same_entry_is_there_once(tmp_path) -> None:
    log = Log(tmp_path, KEY)
    assert log.append_many([("trial", {"a": 1, "b": 2}), ("trial", {"b": 2, "a": 1}), ("trial", {"a": 2})]) == [0, 0, 1]
    before = (tmp_path / "checkpoint").stat()
    assert Log(tmp_path, KEY).append("trial", {"a": 2}) == 1
    assert log.size() == 2
    assert (tmp_path / "checkpoint").stat().st_ino == before.st_ino


def test_the_same_body_of_another_kind_is_another_entry(tmp_path) -> None:
    assert Log(tmp_path, KEY).append_many([("a", 1), ("b", 1)]) == [0, 1]


def test_an_empty_log_is_valid_and_has_its_checkpoint(tmp_path) -> None:
    log = Log(tmp_path, KEY)
    assert log.append_many([]) == []
    assert log.verify().valid
    assert checkpoint_of(tmp_path).size == 0
    assert log.root() == merkle.EMPTY_ROOT


def test_root_does_not_depend_on_how_entries_were_batched(tmp_path) -> None:
    entries = [("trial", n) for n in range(37)]
    one, many = Log(tmp_path / "one", KEY), Log(tmp_path / "many", KEY)
    one.append_many(entries)
    for kind, body in entries:
        many.append(kind, body)
    assert one.root() == many.root()
    assert (tmp_path / "one" / "checkpoint").read_bytes() == (tmp_path / "many" / "checkpoint").read_bytes()


def test_proofs_hold_against_checkpoints_kept_outside(tmp_path) -> None:
    log = Log(tmp_path, KEY)
    kept = []
    for n in range(20):
        log.append("trial", n)
        kept.append(checkpoint_of(tmp_path))
    for old in kept:
        proof = log.consistency_proof(old.size, 20)
        assert merkle.verify_consistency(old.size, 20, old.root, kept[-1].root, proof)
    for entry in log.entries():
        leaf = merkle.leaf_hash(leaf_bytes(entry.kind, entry.body))
        assert merkle.verify_inclusion(entry.index, 20, leaf, log.inclusion_proof(entry.index, 20), kept[-1].root)
    assert log.root(7) == kept[6].root
    with pytest.raises(Refused, match="at most 20"):
        log.root(21)


def test_nobody_appends_while_a_checkpoint_is_written(tmp_path, monkeypatch) -> None:
    """Else the smaller of two checkpoints could be written last."""
    log, other, refusals = Log(tmp_path, KEY), Log(tmp_path, KEY), []

    def interrupted(path, data) -> bool:
        with pytest.raises(Unreachable, match="locked") as refusal:
            other.append("trial", "meanwhile")
        refusals.append(refusal)
        return write_durably(path, data)

    monkeypatch.setattr(rows, "WAIT_SECONDS", 0.0)
    monkeypatch.setattr(log_module, "write_durably", interrupted)
    log.append("trial", "mine")
    assert len(refusals) == 1
    assert log.verify().notes == ()
    assert log.size() == 1


def test_a_body_that_is_no_json_leaves_nothing_behind(tmp_path) -> None:
    log = Log(tmp_path, KEY)
    for body in (float("nan"), {1, 2}, object()):
        with pytest.raises(Refused, match="expected a JSON value"):
            log.append_many([("trial", 1), ("trial", body)])
    assert log.size() == 0


def test_another_key_can_neither_open_nor_vouch(tmp_path) -> None:
    Log(tmp_path, KEY).append("trial", 1)
    with pytest.raises(Refused, match="found none"):
        Log(tmp_path, STRANGER)
    assert not examine_log(tmp_path, STRANGER.public).valid


def test_a_folder_without_a_log_is_refused(tmp_path) -> None:
    with pytest.raises(Refused, match="expected a log"):
        examine_log(tmp_path, KEY.public)


def test_a_file_that_is_no_database_is_told(tmp_path) -> None:
    Log(tmp_path, KEY).append("trial", 1)
    (tmp_path / "log.sqlite").write_bytes(b"x" * 8192)
    report = examine_log(tmp_path, KEY.public)
    assert not report.valid
    assert "expected an intact log" in report.problems[0]
    with pytest.raises(Refused, match="expected an intact log"):
        Log(tmp_path, KEY)


def test_the_log_is_committed_in_full(tmp_path) -> None:
    Log(tmp_path, KEY)
    with sqlite3.connect(tmp_path / "log.sqlite") as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_who_comes_second_waits_for_the_first_to_make_the_database(tmp_path, monkeypatch) -> None:
    """A change to WAL fails at once while another process writes, whatever the timeout: hence the lock."""
    first = sqlite3.connect(tmp_path / "log.sqlite", isolation_level=None)
    first.execute("BEGIN IMMEDIATE")
    with pytest.raises(Unreachable, match="locked"), rows.connected(tmp_path / "log.sqlite") as second:
        second.execute("PRAGMA journal_mode = WAL")
    monkeypatch.setattr(rows.fcntl, "flock", lambda *_: first.execute("ROLLBACK"))
    rows.create(tmp_path / "log.sqlite")
    first.close()
    with rows.connected(tmp_path / "log.sqlite") as second:
        assert rows.size(second) == 0
