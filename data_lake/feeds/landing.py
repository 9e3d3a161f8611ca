"""Where fetched bytes land: half-done downloads apart, whole and checked files in the raw store."""

import hashlib
import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from data_lake.feeds.declaration import Feed
from data_lake.raw import RawStore
from domain.errors import Refused, Unreachable
from durable.files import write_durably


@dataclass(frozen=True)
class Fetched:
    """One whole file in the raw store. `name` is what its format and symbol are read from; `replaces` an earlier file."""

    origin: str
    name: str
    checksum: str
    path: Path
    received_us: int
    stated_checksum: str | None = None
    replaces: str | None = None
    """Checksum of what this origin gave before, where it gave something else."""
    symbol: str | None = None
    """What all of it speaks of, where neither its rows nor its name need say so."""


@dataclass(frozen=True)
class Gap:
    """A hole in a stream's sequence, filled by asking again."""

    symbol: str
    at_us: int
    evidence: Mapping[str, Any]


@dataclass
class Landing:
    """What one fetch of a feed brings; holds its reference time (`now_us`, when it began), its clock and its deadline."""

    home: Path
    feed: Feed
    now_us: int
    clock: Callable[[], int] | None = None
    """For what comes while the fetch goes on; None: everything came when it began."""
    fetched: list[Fetched] = field(default_factory=list)
    gaps: list[Gap] = field(default_factory=list)
    refills: list["Landing"] = field(default_factory=list)
    """What another feed brought to fill them."""
    absent: list[str] = field(default_factory=list)
    """Origins that do not exist yet, or no longer."""

    def __post_init__(self) -> None:
        self._raw = RawStore(self.home)
        self._folder = self.home / "fetching" / self.feed.name
        self._seen = self._read_seen()
        self._news: dict[str, dict[str, Any]] = {}
        self._ends_s = time.monotonic() + self.feed.budget.deadline_s

    @property
    def folder(self) -> Path:
        """Half-done downloads and nothing that a reader looks at."""
        return self._folder

    def received_us(self) -> int:
        """The clock at the edge, now."""
        return self.now_us if self.clock is None else self.clock()

    def check_deadline(self, origin: str) -> None:
        """Raises Unreachable where the fetch has used up its time."""
        if time.monotonic() > self._ends_s:
            raise Unreachable(f"{origin}: not done within {self.feed.budget.deadline_s:g} s; fetch again to go on from here")

    def part(self, origin: str, token: str | None) -> Path:
        """The half-done download of this version of this origin: another version has another part."""
        return self._folder / f"{hashlib.sha256(repr((origin, token)).encode()).hexdigest()[:32]}.part"

    def holds(self, origin: str, *, token: str | None = None, checksum: str | None = None) -> bool:
        """Whether this origin was taken in before with this version or this checksum, and its bytes are there still."""
        seen = self._seen.get(origin)
        if seen is None or not self._raw.path(seen["checksum"]).exists():
            return False
        return seen["checksum"] == checksum or (checksum is None and token is not None and seen["token"] == token)

    def land(
        self,
        origin: str,
        name: str,
        data: bytes,
        *,
        token: str | None = None,
        stated: str | None = None,
        symbol: str | None = None,
    ) -> Fetched:
        """Store whole bytes durably. The same bytes as this origin gave before are no news and not listed. Raises OSError."""
        received_us = self.received_us()
        stored = self._raw.put(data, origin, received_us)
        before = self._seen.get(origin)
        replaces = before["checksum"] if before is not None and before["checksum"] != stored.checksum else None
        fetched = Fetched(origin, name, stored.checksum, self._raw.path(stored.checksum), received_us, stated, replaces, symbol)
        if before is None or replaces is not None:
            if any(other.name == name for other in self.fetched):
                raise Refused(f"{origin}: two files of one fetch are named {name!r}: give them feeds of their own")
            self.fetched.append(fetched)
        if stated in (None, stored.checksum):
            self._news[origin] = {"checksum": stored.checksum, "token": token}
        return fetched

    def remember(self, refused: Sequence[Fetched] = ()) -> None:
        """Keep what was seen, once the lake has it: the next fetch asks only for what is new. Raises OSError.

        `refused`: what the lake did not take; the next fetch asks for it again.
        """
        again = {file.origin for file in refused}
        self._seen |= {origin: seen for origin, seen in self._news.items() if origin not in again}
        write_durably(self._folder / "seen.json", json.dumps(self._seen, sort_keys=True).encode())

    def _read_seen(self) -> dict[str, dict[str, Any]]:
        path = self._folder / "seen.json"
        if not path.exists():
            return {}
        try:
            held: dict[str, dict[str, Any]] = json.loads(path.read_bytes())
        except ValueError:
            raise Refused(f"{path}: not readable: delete it; the next fetch then asks for everything again") from None
        return held
