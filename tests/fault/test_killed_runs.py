"""`factory run` killed at its worst moments and run again: the same decision, nothing twice, nothing lost."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from data_lake.lake import Lake
from ledger.keys import load_or_create
from ledger.log import Log
from pipelines.instance import open_instance
from steps import record
from steps.allocation_documents import ALLOCATION
from tests.line import FACTORY, ROOT, World, assert_undisturbed, here

DEADLINE_S = 900

AT_A_WRITE = """
import os, signal, sys

real, left = os.fsync, [int(sys.argv[1])]

def fsync(descriptor):
    left[0] -= 1
    if left[0] < 0:
        os.kill(os.getpid(), signal.SIGKILL)
    real(descriptor)

os.fsync = fsync
from pipelines.cli import main
sys.argv = ["factory", *sys.argv[2:]]
main()
"""
"""The command, killed when it is about to make one write too many durable."""

HOLDING = """
import pathlib, sys
from steps.home import Home

with Home(pathlib.Path(sys.argv[1])).locked():
    print("held", flush=True)
    sys.stdin.read()
"""


def killed_after(step: str, world: World, home: Path, *, pause_s: float = 0.0) -> None:
    """Run until the progress line of a step appears, wait, and kill."""
    command = [FACTORY, "run", "--data", world.data, "--home", home]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        seen = ""
        deadline = time.monotonic() + DEADLINE_S
        while time.monotonic() < deadline:
            line = process.stderr.readline()
            seen += line
            if not line or line.split()[:1] == [step]:
                break
        time.sleep(pause_s)
        process.kill()
    assert seen.splitlines()[-1].split()[0] == step, seen
    assert process.returncode == -signal.SIGKILL, seen


def killed_at_write(number: int, world: World, home: Path) -> None:
    """Run until so many writes were made durable, and kill at the next."""
    program = [sys.executable, "-c", AT_A_WRITE, str(number)]
    command = [*program, "run", "--data", str(world.data), "--home", str(home)]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=DEADLINE_S, check=False)
    assert ended.returncode == -signal.SIGKILL, ended.stderr


def finish(world: World, home: Path) -> None:
    """Run once more, and hold what is there against the undisturbed home."""
    again = here("run", "--data", world.data, "--home", home, "--json")
    assert again.code == 0, again.err
    assert again.json["digest"] == world.answer["digest"]
    assert again.json["allocations"] == world.answer["allocations"]
    assert_undisturbed(home, world.home, world.cycle)


def statuses(home: Path) -> list[str]:
    """Of all Dagster runs of a home, oldest first."""
    with open_instance(home / "dagster") as instance:
        return [record.dagster_run.status.value for record in instance.get_run_records(ascending=True)]


@pytest.fixture(autouse=True)
def own_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DAGSTER_HOME", "")


@pytest.mark.parametrize(
    "steps", [("pod_returns", "record"), pytest.param(("ingest", "gates", "sign", "record", "deliver"), marks=pytest.mark.soak)]
)
def test_killed_after_one_step_and_another_and_run_again_it_completes(
    world: World, tmp_path: Path, steps: tuple[str, ...]
) -> None:
    """Every kill finds what the ones before left."""
    home = tmp_path / "home"
    moments = random.Random(11)
    for step in steps:
        killed_after(step, world, home, pause_s=moments.uniform(0, 0.05))
    assert statuses(home) == ["FAILURE"] * (len(steps) - 1) + ["STARTED"]
    finish(world, home)
    assert statuses(home) == ["FAILURE"] * len(steps) + ["SUCCESS"]


@pytest.mark.parametrize("writes", [(9, 60), pytest.param((2, 9, 25, 40, 60, 75), marks=pytest.mark.soak)])
def test_killed_at_a_write_and_another_and_run_again_it_completes(world: World, tmp_path: Path, writes: tuple[int, ...]) -> None:
    home = tmp_path / "home"
    for number in writes:
        killed_at_write(number, world, home)
    finish(world, home)


def test_a_run_that_holds_the_home_keeps_another_out_and_leaves_no_lock_when_killed(world: World, tmp_path: Path) -> None:
    home = world.copy(tmp_path / "home")
    holder = [sys.executable, "-c", HOLDING, str(home)]
    with subprocess.Popen(holder, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"held\n"
        kept_out = here("run", "--data", world.data, "--home", home)
        assert (kept_out.code, "another run holds" in kept_out.sentence) == (1, True)
        os.kill(process.pid, signal.SIGKILL)
    let_in = here("ingest", world.data / "bars", "--table", "bars", "--market", "linear", "--home", home, "--json")
    assert (let_in.code, let_in.json["accepted"]) == (0, 0), let_in.err


def test_the_harness_catches_a_step_that_records_twice(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = world.copy(tmp_path / "home")
    faithful = record.log_body
    monkeypatch.setattr(record, "log_body", lambda *given: faithful(*given) | {"recorded_us": time.time_ns()})
    with pytest.raises(AssertionError):
        finish(world, home)


def test_the_harness_catches_a_lost_entry_and_a_row_that_is_there_twice(world: World, tmp_path: Path) -> None:
    home = world.copy(tmp_path / "home")
    Log(home / "ledger", load_or_create(home / "keys", "log")).append(ALLOCATION, {"pod": "noise", "cycle": world.cycle})
    with pytest.raises(AssertionError):
        assert_undisturbed(home, world.home, world.cycle)
    twice = world.copy(tmp_path / "twice")
    with Lake(twice) as lake:
        lake.query("INSERT INTO bars_current FROM bars_current LIMIT 1", ())
    with pytest.raises(AssertionError):
        assert_undisturbed(twice, world.home, world.cycle)
