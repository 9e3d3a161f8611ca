"""Sealed packages: same digest as the open one, nothing readable on disk, one byte changed is refused."""

import os
from pathlib import Path

import numpy as np
import pyrage
import pytest

from domain.errors import Refused
from model_runtime import private, sandbox
from model_runtime.contents import digest_of, packed, read_contents, unpacked
from model_runtime.package import contents_of, load_package
from model_runtime.predictions import predict
from model_runtime.private import private_folder
from model_runtime.refusals import Altered, Crashed
from model_runtime.sealing import KEY_FILE, PAYLOAD, runtime_recipient, seal
from model_runtime.store import keep, stored
from tests.unit.model_runtime.packages import view_for_tests, write_package

MARKER = "quince_orchard_8841"
SOURCE = f"{MARKER} = 0.5\n\ndef predict(view):\n    return {MARKER} * view.close\n"
CRASHING = f"def predict(view):\n    raise ValueError('{MARKER}')\n"


def sealed_in(place: Path, source: str = SOURCE) -> tuple[Path, Path]:
    """Store and keys of a home that holds the package, sealed; the author's folder is gone."""
    place.mkdir(parents=True, exist_ok=True)
    folder = write_package(place / "author", source)
    keep(place / "store", folder, place / "keys", sealed=True)
    return place / "store", place / "keys"


def everything_in(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file())


def test_sealed_and_open_are_the_same_code(tmp_path: Path) -> None:
    folder = write_package(tmp_path / "author", SOURCE)
    one = keep(tmp_path / "open", folder, tmp_path / "keys")
    other = keep(tmp_path / "sealed", folder, tmp_path / "keys", sealed=True)
    assert (other.id, other.digest, other.manifest) == (one.id, one.digest, one.manifest)
    assert (one.sealed, other.sealed) == (False, True)
    assert contents_of(other) == read_contents(folder)
    view = view_for_tests(60, ("A", "B"))
    np.testing.assert_array_equal(predict(other, view), 0.5 * view.close)


def test_what_is_kept_shows_no_byte_of_the_source(tmp_path: Path) -> None:
    store, keys = sealed_in(tmp_path / "home")
    assert MARKER.encode() not in everything_in(store) + everything_in(keys)
    assert sorted(path.name for path in next(store.iterdir()).iterdir()) == ["manifest.yaml", PAYLOAD]
    assert (keys / KEY_FILE).stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("name", ["manifest.yaml", PAYLOAD])
@pytest.mark.parametrize("where", [0, 0.5, -1])
def test_one_byte_changed_is_refused(tmp_path: Path, name: str, where: float) -> None:
    store, keys = sealed_in(tmp_path / "home")
    kept = next(store.iterdir())
    package = stored(store, kept.name, keys)
    assert package is not None
    data = bytearray((kept / name).read_bytes())
    data[int(where * len(data)) if where >= 0 else -1] ^= 1
    (kept / name).write_bytes(data)
    with pytest.raises(Altered):
        stored(store, kept.name, keys)
    with pytest.raises(Altered):
        predict(package, view_for_tests(30, ("A",)))


def test_another_package_under_the_same_digest_is_refused(tmp_path: Path) -> None:
    """Whoever has the public key can seal something else; it does not have the digest that its folder is named by."""
    store, keys = sealed_in(tmp_path / "home")
    kept = next(store.iterdir())
    contents = read_contents(write_package(tmp_path / "other", "def predict(view):\n    return -view.close\n"))
    for name, data in seal(contents, runtime_recipient(keys)).items():
        (kept / name).write_bytes(data)
    with pytest.raises(Altered, match="not what was submitted"):
        stored(store, kept.name, keys)


def test_without_the_key_a_sealed_package_does_not_open(tmp_path: Path) -> None:
    store, keys = sealed_in(tmp_path / "home")
    name = next(store.iterdir()).name
    (keys / KEY_FILE).unlink()
    with pytest.raises(Refused, match="runtime's key"):
        stored(store, name, keys)
    runtime_recipient(keys)
    with pytest.raises(Altered, match="another key"):
        stored(store, name, keys)


def test_an_author_may_seal_it_before_it_is_sent(tmp_path: Path) -> None:
    contents = read_contents(write_package(tmp_path / "author", SOURCE))
    sent = tmp_path / "sent"
    sent.mkdir()
    for name, data in seal(contents, runtime_recipient(tmp_path / "keys")).items():
        (sent / name).write_bytes(data)
    assert MARKER.encode() not in everything_in(sent)
    with pytest.raises(Refused, match="factory submit"):
        load_package(sent)
    assert keep(tmp_path / "store", sent, tmp_path / "keys").digest == digest_of(contents)


def test_what_lies_open_cannot_be_sealed_afterwards(tmp_path: Path) -> None:
    folder = write_package(tmp_path / "author", SOURCE)
    keep(tmp_path / "store", folder, tmp_path / "keys")
    with pytest.raises(Refused, match="lies open"):
        keep(tmp_path / "store", folder, tmp_path / "keys", sealed=True)


def test_an_error_says_what_kind_it_is_and_nothing_that_the_program_said(tmp_path: Path) -> None:
    store, keys = sealed_in(tmp_path / "home", CRASHING)
    package = stored(store, next(store.iterdir()).name, keys)
    assert package is not None
    with pytest.raises(Crashed) as caught:
        predict(package, view_for_tests(30, ("A",)))
    error: BaseException | None = caught.value
    while error is not None:
        assert MARKER not in str(error)
        error = error.__cause__ or error.__context__
    assert "withheld" in str(caught.value)


def test_it_runs_from_a_private_folder_that_is_gone_afterwards(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store, keys = sealed_in(tmp_path / "home")
    package = stored(store, next(store.iterdir()).name, keys)
    assert package is not None
    seen: list[tuple[int, bool, bool]] = []
    supervise = sandbox._supervise

    def watched(spec: dict[str, object], *rest: object) -> object:
        folder = Path(str(spec["package"])).parent
        in_memory = private.memory_place() is None or folder.is_relative_to(private.memory_place())
        seen.append((folder.stat().st_mode & 0o777, in_memory, (folder / "package" / "strategy.py").exists()))
        monkeypatch.setattr(sandbox, "_left", folder, raising=False)
        return supervise(spec, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(sandbox, "_supervise", watched)
    predict(package, view_for_tests(30, ("A",)), twice=False)
    assert seen == [(0o700, True, True)]
    assert not sandbox._left.exists()  # type: ignore[attr-defined]


def test_what_a_dead_process_left_is_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(private, "memory_place", lambda: tmp_path)
    dead, alive = tmp_path / "factory-private-4194305-x", tmp_path / f"factory-private-{os.getpid()}-x"
    dead.mkdir()
    alive.mkdir()
    with private_folder() as folder:
        assert (dead.exists(), alive.exists(), folder.parent) == (False, True, tmp_path)
    assert not folder.exists()


PACKAGE = {"b/c.txt": b"\0\0", "a.py": b"", "manifest.yaml": b"name: x"}


def test_packing_is_undone_by_unpacking() -> None:
    assert unpacked(packed(PACKAGE)) == PACKAGE


@pytest.mark.parametrize(
    "data",
    [
        b"a.py", b"a.py\0", b"a.py\x005\0abc", b"a.py\0-1\0", b"a.py\x00" + b"9" * 5000 + b"\0", b"../a\x001\0x", b"/a\x001\0x",
        b"a\x001\0xa\x001\0x", b"b\x001\0xa\x001\0x", b"a\x0001\0x", b".a\x001\0x", b"a/\x001\0x", packed(PACKAGE)[:-1],
        packed(PACKAGE) + b"x",
    ],
)  # fmt: skip
def test_what_was_not_packed_here_is_refused(data: bytes) -> None:
    with pytest.raises(Refused, match="packed package"):
        unpacked(data)


def test_the_payload_is_plain_age(tmp_path: Path) -> None:
    """Any age tool with the key opens it."""
    store, keys = sealed_in(tmp_path / "home")
    identity = pyrage.x25519.Identity.from_str((keys / KEY_FILE).read_text().strip())
    assert MARKER.encode() in pyrage.decrypt((next(store.iterdir()) / PAYLOAD).read_bytes(), [identity])
