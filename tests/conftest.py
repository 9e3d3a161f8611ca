"""What tests of the whole line share: one small world and one laboratory, each made once however many workers there are."""

from pipelines.environment import prepare

prepare()  # before numpy is imported: a run in this process gives the bytes of a run in its own

import fcntl  # noqa: E402
import os  # noqa: E402
import shutil  # noqa: E402
from collections.abc import Callable  # noqa: E402
from pathlib import Path  # noqa: E402

import pytest  # noqa: E402


def made_once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], None]) -> Path:
    """A folder that the first worker to ask for it makes, while the others wait."""
    root = factory.getbasetemp().parent if "PYTEST_XDIST_WORKER" in os.environ else factory.getbasetemp()
    folder = root / name
    with (root / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        made = folder / "made"
        if not made.exists():
            shutil.rmtree(folder, ignore_errors=True)
            make(folder)
            made.touch()
    return folder


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory):
    """A small market and the home that decided on it."""
    from tests.line import World

    return World(made_once(tmp_path_factory, "world", World.make))
