"""The line as tests run it: `factory` in its own process or in this one, and what a home holds afterwards."""

import fcntl
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from tests.small_market import cycle_after, write_market

ROOT = Path(__file__).parents[1]
FACTORY = Path(sys.executable).with_name("factory")
DAYS = 150


def environment(number: int) -> dict[str, str]:
    """What must not matter: the hash seed, and how many threads each library takes."""
    libraries = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS", "POLARS_MAX_THREADS")
    return {"PYTHONHASHSEED": str(number), **dict.fromkeys(libraries, str(number))}


def made_once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], None]) -> Path:
    """A folder that the first worker to ask for it makes, while the others wait."""
    root = factory.getbasetemp().parent if "PYTEST_XDIST_WORKER" in os.environ else factory.getbasetemp()
    folder = root / name
    with (root / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "made").exists():
            shutil.rmtree(folder, ignore_errors=True)
            make(folder)
            (folder / "made").touch()
    return folder


@dataclass(frozen=True)
class World:
    """A small market that was delivered, and the home that decided on it once, undisturbed."""

    folder: Path

    @property
    def data(self) -> Path:
        return self.folder / "market"

    @property
    def home(self) -> Path:
        return self.folder / "home"

    @property
    def cycle(self) -> str:
        return cycle_after(DAYS).label

    @property
    def answer(self) -> Any:
        """What `factory run --json` said."""
        return json.loads((self.folder / "answer.json").read_text())

    def copy(self, folder: Path) -> Path:
        """The home once more, for a test that changes it."""
        return Path(shutil.copytree(self.home, folder))

    @classmethod
    def make(cls, folder: Path) -> None:
        """Deliver and run, on one thread."""
        world = cls(folder)
        write_market(world.data, DAYS)
        answer = command("run", "--data", world.data, "--home", world.home, "--json", **environment(1))
        assert answer.code == 0, answer.err
        (folder / "answer.json").write_text(answer.out)


@dataclass(frozen=True)
class Answer:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    @property
    def sentence(self) -> str:
        """The one line on stderr that tells why it ended; fails where there is more than that, steps' progress aside."""
        lines = [line for line in self.err.splitlines() if line and not re.match(r"  \w+ +\d+\.\d s  ", line)]
        assert len(lines) == 1, self.err
        assert lines[0].startswith("factory: "), self.err
        return lines[0]


def command(*arguments: object, **environment: str) -> Answer:
    """`factory` with these arguments in a process of its own."""
    ended = subprocess.run(
        [FACTORY, *map(str, arguments)],
        cwd=ROOT, env=os.environ | environment, capture_output=True, text=True, timeout=1800, check=False,
    )  # fmt: skip
    return Answer(ended.returncode, ended.stdout, ended.stderr)


def here(*arguments: object) -> Answer:
    """The same command in this process; what is no answer of the house is raised."""
    from pipelines.cli import app

    before = dict(os.environ)
    try:
        ended = CliRunner().invoke(app, [str(argument) for argument in arguments])
    finally:
        os.environ.clear()
        os.environ.update(before)
    if ended.exception is not None and not isinstance(ended.exception, SystemExit):
        raise ended.exception
    return Answer(ended.exit_code, ended.stdout, ended.stderr)


def allocations_of(home: Path, cycle: str) -> dict[str, bytes]:
    """The bytes that a decision consists of, by file name: verdicts, evidence, payloads, and all that led to them."""
    data = home / "reports" / cycle / "data"
    clocks_and_numbers = {"ingest.json", "snapshot.json", "deliveries.json"}
    return {path.name: path.read_bytes() for path in sorted(data.iterdir()) if path.name not in clocks_and_numbers}


def log_of(home: Path) -> list[tuple[str, str]]:
    """Kind and body of every entry of the record, in their order."""
    answer = here("log", "show", "--home", home, "--json")
    assert answer.code == 0, answer.err
    return [(entry["kind"], entry["body"]) for entry in answer.json]


def lake_of(home: Path) -> dict[str, Any]:
    """Rows of every versioned table of the lake without what a delivery's number or clock says, and the deliveries' count."""
    from data_lake.lake import Lake
    from data_lake.schema import TABLES

    held: dict[str, Any] = {}
    with Lake(home) as lake:
        for table in TABLES.values():
            columns = ", ".join((*table.key, *table.values, "knowledge_time", "source"))
            for name in (table.current, table.superseded, table.observations):
                held[name] = sorted(lake.query(f"SELECT {columns} FROM {name}", ()), key=repr)
        held["quarantine"] = [(row["origin"], row["reason"], row["payload"]) for row in lake.quarantine().to_pylist()]
        held["deliveries"] = lake.deliveries().num_rows
    return held


def assert_undisturbed(home: Path, undisturbed: Path, cycle: str) -> None:
    """The home holds what the undisturbed one holds: the same decision, each entry and each row once, an intact log."""
    assert_same_files(allocations_of(home, cycle), allocations_of(undisturbed, cycle))
    assert log_of(home) == log_of(undisturbed)
    lake, expected = lake_of(home), lake_of(undisturbed)
    for name, rows in expected.items():
        assert lake[name] == rows, name
    signed = sorted(path.name for path in (home / "allocations").iterdir() if not path.name.startswith("."))
    assert signed == sorted(path.name for path in (undisturbed / "allocations").iterdir())
    checked = here("log", "verify", "--home", home, "--json")
    assert (checked.code, checked.json["valid"], checked.json["problems"]) == (0, True, [])


def assert_same_files(got: Mapping[str, bytes], expected: Mapping[str, bytes]) -> None:
    """The same names and, file by file, the same bytes."""
    assert sorted(got) == sorted(expected)
    assert [name for name in expected if got[name] != expected[name]] == []
