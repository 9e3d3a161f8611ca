"""Where state lives, and the one lock that a run holds on it."""

import fcntl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from domain.errors import Refused
from domain.times import Cycle

REPOSITORY = Path(__file__).resolve().parents[1]
DEFAULT_HOME = REPOSITORY / ".factory"

_HELD: set[Path] = set()
"""Homes that this process holds."""
_PAUSE_S = 0.2


@dataclass(frozen=True)
class Home:
    """The folders of one factory; everything that it remembers is below `root`."""

    root: Path

    @property
    def ledger(self) -> Path:
        return self.root / "ledger"

    @property
    def keys(self) -> Path:
        return self.root / "keys"

    @property
    def allocations(self) -> Path:
        """Every `*.json` here is a signed envelope."""
        return self.root / "allocations"

    @property
    def receipts(self) -> Path:
        return self.root / "receipts"

    @property
    def inbox(self) -> Path:
        """Folders put here are ingested by the sensor."""
        return self.root / "inbox"

    @property
    def dagster(self) -> Path:
        return self.root / "dagster"

    def reports(self, cycle: Cycle) -> Path:
        return self.root / "reports" / cycle.label

    def data(self, cycle: Cycle) -> Path:
        """What the steps of a cycle hand to each other; the report is drawn from it."""
        return self.reports(cycle) / "data"

    def pod(self, name: str) -> Path:
        """State of a reference pod served from this home."""
        return self.root / "pods" / name

    @contextmanager
    def locked(self, wait_s: float = 0.0) -> Iterator[None]:
        """Hold the home for one run; within a process it may be taken again. The lock goes with the process, however that ends.

        Raises Refused where another process still holds it after `wait_s`.
        """
        if self.root in _HELD:
            yield
            return
        self.root.mkdir(parents=True, exist_ok=True)
        with (self.root / ".lock").open("w") as file:
            _take(file, self.root, wait_s)
            _HELD.add(self.root)
            try:
                yield
            finally:
                _HELD.discard(self.root)


def _take(file: IO[str], root: Path, wait_s: float) -> None:
    ends_s = time.monotonic() + wait_s
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= ends_s:
                raise Refused(f"another run holds {root}: wait until it has finished, or give this one its own --home") from None
            time.sleep(_PAUSE_S)
        else:
            return
