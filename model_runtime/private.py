"""A folder for plain bytes that must not stay: in memory where the machine allows, for this user alone, gone at the end."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

MOUNTS = Path("/proc/self/mounts")
PREFIX = "factory-private-"


@contextmanager
def private_folder() -> Iterator[Path]:
    """A fresh folder of mode 0700; what an earlier process left behind by dying is removed first."""
    place = memory_place() or Path(tempfile.gettempdir())
    _sweep(place)
    folder = Path(tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-", dir=place))
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


def memory_place() -> Path | None:
    """A folder in memory from which programs may be started; None where this machine has none."""
    try:
        kinds = {fields[1]: fields[2] for line in MOUNTS.read_text().splitlines() if len(fields := line.split()) > 2}
    except OSError:
        return None
    for name in ("/dev/shm", f"/run/user/{os.getuid()}"):  # noqa: S108 - the folders made in them are private
        if kinds.get(name) == "tmpfs" and os.access(name, os.W_OK | os.X_OK) and not os.statvfs(name).f_flag & os.ST_NOEXEC:
            return Path(name)
    return None


def _sweep(place: Path) -> None:
    for left in place.glob(f"{PREFIX}*"):
        process = left.name.removeprefix(PREFIX).partition("-")[0]
        if left.stat().st_uid == os.getuid() and process.isdigit() and not Path("/proc", process).exists():
            shutil.rmtree(left, ignore_errors=True)
