"""The one durable write of the repository."""

import os
import re
from pathlib import Path
from uuid import uuid4

_UNFINISHED = re.compile(r"\..+\.[0-9a-f]{32}\.tmp")


def write_durably(path: Path, data: bytes, *, mode: int = 0o644, replace: bool = True) -> bool:
    """Write `data` to `path` so that after a crash the path holds all of it or what it held before.

    Temp file in the same folder (O_EXCL), all bytes, fsync, rename (or link, with `replace=False`), fsync of the folder.
    Returns False, leaving the file as it is, where `replace=False` and the path exists. Raises OSError.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{uuid4().hex}.tmp")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        if replace:
            temporary.rename(path)
        else:
            try:
                path.hardlink_to(temporary)
            except FileExistsError:
                return False
        sync_folder(path.parent)
        return True
    finally:
        temporary.unlink(missing_ok=True)


def drop_unfinished(folder: Path) -> None:
    """Remove what writes left that a kill ended; nobody may be writing there. Nothing where there is no folder."""
    for path in folder.glob(".*.tmp"):
        if _UNFINISHED.fullmatch(path.name):
            path.unlink()


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
