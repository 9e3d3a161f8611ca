"""The one durable write: all of it or what was there before, and nothing left by a kill once the next run begins."""

import os
from pathlib import Path

import pytest

from durable.files import drop_unfinished, write_durably


class Killed(BaseException):
    """Ends a write as a kill does: no clean-up runs."""


def killed_in_a_write(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def kill(descriptor: int) -> None:
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", kill)
        patched.setattr(Path, "unlink", lambda *given, **named: None)
        with pytest.raises(Killed):
            write_durably(path, b"new")


def test_a_write_that_was_killed_leaves_the_old_bytes_and_its_rest_is_dropped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.json"
    write_durably(path, b"old")
    killed_in_a_write(path, monkeypatch)
    assert path.read_bytes() == b"old"
    assert len(list(tmp_path.iterdir())) == 2
    (tmp_path / ".somebody.tmp").touch()
    drop_unfinished(tmp_path)
    assert sorted(file.name for file in tmp_path.iterdir()) == [".somebody.tmp", "a.json"]
    drop_unfinished(tmp_path / "nowhere")


def test_without_replacing_the_first_bytes_stay(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "a.json"
    assert write_durably(path, b"first", replace=False)
    assert not write_durably(path, b"second", replace=False)
    assert path.read_bytes() == b"first"
    assert [file.name for file in path.parent.iterdir()] == ["a.json"]
