"""The log after a process was killed at its worst moments, and under several processes at once."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from ledger.audit import examine_log
from ledger.keys import load_or_create
from ledger.log import Log

ROOT = Path(__file__).parents[2]

KILLED = """
import os, pathlib, signal, sys
from ledger import log as log_module, rows
from ledger.keys import load_or_create
from ledger.log import Log

home = pathlib.Path(sys.argv[1])
log = Log(home / "ledger", load_or_create(home / "keys", "log"))
log.append("trial", "first")

def die(*_args, **_kwargs):
    os.kill(os.getpid(), signal.SIGKILL)

if sys.argv[2] == "before the rows are committed":
    log._promise = die
    original = rows.insert
    rows.insert = lambda *arguments: (original(*arguments), die())
elif sys.argv[2] == "between rows and checkpoint":
    log._promise = die
elif sys.argv[2] == "while the checkpoint is written":
    log_module.write_durably = die
log.append_many([("trial", "second"), ("trial", "third")])
"""

WRITER = """
import pathlib, sys
from ledger.keys import load_or_create
from ledger.log import Log

home, name = pathlib.Path(sys.argv[1]), sys.argv[2]
sys.stdin.readline()
log = Log(home / "ledger", load_or_create(home / "keys", "log"))
for n in range(25):
    log.append("own", [name, n])
    log.append_many([("shared", n), ("own", [name, n + 1000])])
"""


def run(program: str, *arguments: str) -> int:
    return subprocess.run([sys.executable, "-c", program, *arguments], cwd=ROOT, check=False, timeout=120).returncode


@pytest.mark.parametrize(
    ("moment", "size"),
    [("before the rows are committed", 1), ("between rows and checkpoint", 3), ("while the checkpoint is written", 3)],
)
def test_killed_in_mid_append(tmp_path, moment, size) -> None:
    assert run(KILLED, str(tmp_path), moment) == -signal.SIGKILL
    key = load_or_create(tmp_path / "keys", "log")
    report = examine_log(tmp_path / "ledger", key.public)
    assert (report.valid, report.size, report.checkpoint_size) == (True, size, 1)
    assert bool(report.notes) is (size > 1)

    log = Log(tmp_path / "ledger", key)
    log.append_many([("trial", "second"), ("trial", "third")])
    healed = log.verify()
    assert (healed.valid, healed.size, healed.checkpoint_size, healed.notes) == (True, 3, 3, ())
    assert [entry.body for entry in log.entries("trial")] == ["first", "second", "third"]


def test_a_kill_between_the_first_promise_and_the_database_heals(tmp_path) -> None:
    key = load_or_create(tmp_path / "keys", "log")
    Log(tmp_path / "ledger", key)
    for name in ("log.sqlite", "log.sqlite-wal", "log.sqlite-shm"):
        (tmp_path / "ledger" / name).unlink(missing_ok=True)
    assert examine_log(tmp_path / "ledger", key.public).valid
    assert Log(tmp_path / "ledger", key).append("trial", 1) == 0


def test_processes_that_append_at_once_lose_and_double_nothing(tmp_path) -> None:
    names = ["a", "b", "c"]
    writers = [
        subprocess.Popen([sys.executable, "-c", WRITER, str(tmp_path), name], cwd=ROOT, stdin=subprocess.PIPE, text=True)
        for name in names
    ]
    for writer in writers:
        assert writer.stdin is not None
        writer.stdin.write("go\n")
        writer.stdin.flush()
    for writer in writers:
        writer.communicate(timeout=120)
        assert writer.returncode == 0
    log = Log(tmp_path / "ledger", load_or_create(tmp_path / "keys", "log"))
    own = [tuple(entry.body) for entry in log.entries("own")]
    assert sorted(own) == sorted((name, n + offset) for name in names for n in range(25) for offset in (0, 1000))
    assert sorted(entry.body for entry in log.entries("shared")) == list(range(25))
    report = log.verify()
    assert (report.valid, report.size, report.checkpoint_size, report.notes) == (True, 175, 175, ())
