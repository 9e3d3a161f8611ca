import subprocess
import sys
from pathlib import Path

import pytest

from domain.errors import Refused
from steps.home import REPOSITORY, Home

TAKE = "import pathlib, sys\nfrom steps.home import Home\nwith Home(pathlib.Path(sys.argv[1])).locked(): pass"


def take_elsewhere(home: Path) -> str:
    """What another process says that wants the home."""
    command = [sys.executable, "-c", TAKE, str(home)]
    return subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, timeout=60, check=False).stderr


def test_a_home_is_held_by_one_process_which_may_take_it_twice(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    with home.locked():
        with home.locked():
            pass
        assert "another run holds" in take_elsewhere(home.root)
    assert take_elsewhere(home.root) == ""


def test_an_error_inside_lets_the_home_go(tmp_path: Path) -> None:
    home = Home(tmp_path)
    with pytest.raises(Refused), home.locked():
        raise Refused("no")
    assert take_elsewhere(tmp_path) == ""
