"""Where state lives, and the one lock that a run holds on it."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from domain.errors import Refused
from domain.times import Cycle

REPOSITORY = Path(__file__).resolve().parents[1]
DEFAULT_HOME = REPOSITORY / ".factory"

_HELD: set[Path] = set()
"""Homes that this process holds."""


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
    def locked(self) -> Iterator[None]:
        """Hold the home for one run; within a process it may be taken again. The lock goes with the process, however that ends.

        Raises Refused where another process holds it.
        """
        if self.root in _HELD:
            yield
            return
        self.root.mkdir(parents=True, exist_ok=True)
        with (self.root / ".lock").open("w") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise Refused(
                    f"another run holds {self.root}: wait until it has finished, or give this one its own --home"
                ) from None
            _HELD.add(self.root)
            try:
                yield
            finally:
                _HELD.discard(self.root)
