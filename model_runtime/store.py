"""Submitted packages, each in a folder named by the digest of its content."""

import re
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

from domain.errors import Refused
from durable.files import sync_folder, write_durably
from model_runtime.contents import digest_of, read_contents
from model_runtime.package import Package, package_of, read_package
from model_runtime.refusals import Altered
from model_runtime.sealing import is_sealed, runtime_recipient, seal, unseal

DIGITS_MIN = 8
_ID = re.compile(rf"(?:(?P<name>[a-z0-9-]+)@|sha256:)?(?P<digits>[0-9a-f]{{{DIGITS_MIN},64}})")


def keep(store: Path, folder: Path, keys: Path, *, sealed: bool = False) -> Package:
    """A copy of the package in a folder, in `store`, where it stays as it is; the same content is kept once.

    Only regular files are copied, caches and hidden files are left behind. The copy is there as a whole or not at all, also
    after a crash. With `sealed`, or from a folder that is sealed already, the copy is sealed for the runtime's key in `keys`.
    Raises Refused where the package is none or already lies open here, and Altered where the copy already kept has changed.
    """
    sealed = sealed or is_sealed(folder)
    contents = read_package(folder, keys)
    package = package_of(contents, folder)
    target = store / package.digest[7:]
    if not target.exists():
        _write(target, seal(contents, runtime_recipient(keys)) if sealed else contents)
    if sealed and not is_sealed(target):
        raise Refused(
            f"{package.id} was submitted unsealed before, and its source lies open in the store: change it, then seal it"
        )
    return _unaltered(target, keys)


def stored(store: Path, text: str, keys: Path) -> Package | None:
    """The package whose id, digest or first digits of it (at least eight) this is; None where `text` is no such thing.

    Raises Refused where several fit or the name beside the digits is another one, and Altered where a byte has changed.
    """
    match = _ID.fullmatch(text)
    if match is None:
        return None
    folders = sorted(store.glob(f"{match['digits']}*"))
    if not folders:
        return None
    if len(folders) > 1:
        raise Refused(f"{text!r} fits {len(folders)} submitted packages: give more digits of the digest")
    package = _unaltered(folders[0], keys)
    if match["name"] is not None and match["name"] != package.manifest.name:
        raise Refused(f"{text!r}: the package with this digest is {package.id}: give that id")
    return package


def _unaltered(folder: Path, keys: Path) -> Package:
    sealed = is_sealed(folder)
    contents = unseal(folder, keys) if sealed else read_contents(folder)
    if digest_of(contents) != f"sha256:{folder.name}":
        raise Altered(
            f"the stored package {folder.name[:12]} is not what was submitted: its content has another digest; "
            f"move {folder} away and submit the package again"
        )
    package = package_of(contents, folder)
    return replace(package, keys=keys) if sealed else package


def _write(target: Path, contents: Mapping[str, bytes]) -> None:
    with _fresh(target) as place:
        for name, data in contents.items():
            write_durably(place / name, data)
        for folder in sorted({(place / name).parent for name in contents} | {place}):
            sync_folder(folder)
        try:
            place.rename(target)
        except OSError:
            # Another process has put the same package there; whether it is the same is checked by the caller.
            if not target.is_dir():
                raise
        sync_folder(target.parent)


@contextmanager
def _fresh(target: Path) -> Iterator[Path]:
    place = target.with_name(f".{uuid4().hex}.tmp")
    place.mkdir(parents=True)
    try:
        yield place
    finally:
        shutil.rmtree(place, ignore_errors=True)
