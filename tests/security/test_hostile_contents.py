"""Packages whose files, names or manifest would do harm before anything of them runs."""

import os
from pathlib import Path

import pytest

from domain.errors import Refused
from model_runtime.contents import FILES_MAX
from model_runtime.store import keep
from tests.unit.model_runtime.packages import write_package


def test_links_and_devices_are_no_part_of_a_package(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("x")
    folder = write_package(tmp_path / "package", "def predict(view):\n    return view.close")
    for make in (
        lambda path: path.symlink_to(tmp_path / "secret"),
        lambda path: path.symlink_to(tmp_path, target_is_directory=True),
        os.mkfifo,
    ):
        make(folder / "extra")
        with pytest.raises(Refused, match="extra is a link, a pipe or a device"):
            keep(tmp_path / "store", folder, tmp_path / "keys")
        (folder / "extra").unlink()
    assert not (tmp_path / "store").exists()


@pytest.mark.parametrize("entry", ["../secret", "/bin/sh", "a/../../secret", "manifest.yam"])
def test_a_manifest_names_only_what_lies_in_its_package(tmp_path: Path, entry: str) -> None:
    (tmp_path / "secret").write_text("x")
    folder = write_package(tmp_path / "package", "", entry=entry, protocol="csv")
    with pytest.raises(Refused, match="is missing"):
        keep(tmp_path / "store", folder, tmp_path / "keys")


@pytest.mark.parametrize("name", ["a\nb", "a b", "$(x)", "-rf", "c:d", "é"])
def test_names_that_others_might_read_differently_are_refused(tmp_path: Path, name: str) -> None:
    folder = write_package(tmp_path / "package", "")
    (folder / name).write_text("x")
    with pytest.raises(Refused, match="rename it"):
        keep(tmp_path / "store", folder, tmp_path / "keys")


def test_a_package_has_a_size(tmp_path: Path) -> None:
    folder = write_package(tmp_path / "package", "")
    with (folder / "huge").open("wb") as file:
        file.truncate(10**12)
    with pytest.raises(Refused, match="huge is too large"):
        keep(tmp_path / "store", folder, tmp_path / "keys")
    (folder / "huge").unlink()
    for number in range(FILES_MAX):
        (folder / f"f{number}").touch()
    with pytest.raises(Refused, match="at most 500 files"):
        keep(tmp_path / "store", folder, tmp_path / "keys")


def test_a_manifest_cannot_unfold_to_a_giant(tmp_path: Path) -> None:
    folder = write_package(tmp_path / "package", "")
    lines = ["a: &a [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"{name}: &{name} [{', '.join([f'*{before}'] * 10)}]" for before, name in zip("abcdefgh", "bcdefghi", strict=True)]
    (folder / "manifest.yaml").write_text("\n".join(lines))
    with pytest.raises(Refused, match="aliases"):
        keep(tmp_path / "store", folder, tmp_path / "keys")
