"""What lies in a package's folder: regular files of plain names, within limits, and the digest over them."""

import hashlib
import os
import re
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path

from domain.errors import Refused

FILES_MAX = 500
PACKAGE_BYTES_MAX = 64 * 2**20
MANIFEST_BYTES_MAX = 64 * 2**10
MANIFEST = "manifest.yaml"

_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._+-]*")


def read_contents(folder: Path) -> dict[str, bytes]:
    """Bytes of every file by relative path, in the order of the paths; caches and hidden files are no part of a package.

    Raises Refused for a symbolic link, a pipe or a device, a name that another system might read differently, or a package
    beyond its limits. Nothing outside the folder is ever read.
    """
    contents: dict[str, bytes] = {}
    room = PACKAGE_BYTES_MAX
    for name in sorted(_names(folder, ())):
        if len(contents) == FILES_MAX:
            raise Refused(f"{folder.name}: expected at most {FILES_MAX} files in a package: leave data and results out of it")
        limit = min(room, MANIFEST_BYTES_MAX) if name == MANIFEST else room
        contents[name] = _read(folder, name, limit)
        room -= len(contents[name])
    return contents


def digest_of(contents: Mapping[str, bytes]) -> str:
    """`sha256:` and 64 hex digits over relative path, length and bytes of each file, in the order of the paths."""
    content = hashlib.sha256()
    for part in _parts(contents):
        content.update(part)
    return "sha256:" + content.hexdigest()


def packed(contents: Mapping[str, bytes]) -> bytes:
    """The bytes that `digest_of` is over."""
    return b"".join(_parts(contents))


def unpacked(data: bytes) -> dict[str, bytes]:
    """What `packed` packed. Raises Refused where it is not that, or where a name or a size is beyond what a package may have."""
    contents: dict[str, bytes] = {}
    at = 0
    while at < len(data):
        name_end = data.find(b"\0", at)
        size_end = data.find(b"\0", name_end + 1)
        size = data[name_end + 1 : size_end]
        name = data[at:name_end].decode("ascii", "replace")
        whole = name_end > 0 and size_end > 0 and size.isdigit() and len(size) <= len(str(PACKAGE_BYTES_MAX))
        if not whole or not _plain(name) or len(contents) == FILES_MAX:
            raise Refused("expected a packed package, got something else: seal the package's folder as it is")
        at = size_end + 1 + int(size)
        contents[name] = data[size_end + 1 : at]
    if at != len(data) or packed(contents) != data:
        raise Refused("expected a packed package of whole files in the order of their names: seal the package's folder as it is")
    return contents


def _parts(contents: Mapping[str, bytes]) -> Iterator[bytes]:
    for name in sorted(contents):
        yield f"{name}\0{len(contents[name])}\0".encode()
        yield contents[name]


def _plain(name: str) -> bool:
    return all(_NAME.fullmatch(part) for part in name.split("/"))


def _names(folder: Path, inside: tuple[str, ...]) -> Iterator[str]:
    with os.scandir(folder.joinpath(*inside)) as entries:
        found = list(entries)
    for entry in found:
        if entry.name == "__pycache__" or entry.name.startswith("."):
            continue
        path = "/".join((*inside, entry.name))
        if not _NAME.fullmatch(entry.name):
            raise Refused(f"{folder.name}: the file name {path!r} holds more than letters, digits and . _ + -: rename it")
        if entry.is_dir(follow_symlinks=False):
            yield from _names(folder, (*inside, entry.name))
        elif entry.is_file(follow_symlinks=False):
            yield path
        else:
            raise Refused(f"{folder.name}: {path} is a link, a pipe or a device: a package holds regular files only")


def _read(folder: Path, name: str, limit: int) -> bytes:
    # Opened without following links and checked once open: the file may have been exchanged since it was listed.
    try:
        descriptor = os.open(folder / name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise Refused(f"{folder.name}: {name} cannot be read ({error.strerror}): make it a readable regular file") from None
    with os.fdopen(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise Refused(f"{folder.name}: {name} is no regular file: a package holds regular files only")
        data = file.read(limit + 1)
    if len(data) > limit:
        what = "a manifest" if name == MANIFEST else "all files of a package together"
        most = MANIFEST_BYTES_MAX if name == MANIFEST else PACKAGE_BYTES_MAX
        raise Refused(f"{folder.name}: {name} is too large: {what} may hold {most:,} bytes")
    return data
