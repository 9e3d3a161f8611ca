"""What was delivered, in which order: the append-only record beside the raw files, from which the tables can be made again.

A statement is written before the catalogue hears of the delivery, and sealed under its number after the catalogue took it in and
before anybody is told. So what is sealed was accepted, and what was accepted is sealed; a statement without a seal was
promised to nobody.
"""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from data_lake.delivery import DeliveredFile, Statement, stated_file
from data_lake.schema import versioned_table
from domain.canonical import canonical_bytes
from domain.errors import Refused
from domain.market import Market
from durable.files import write_durably

_VERSION = 1


@dataclass(frozen=True)
class DeliveryRecord:
    """One delivery as it was stated, with everything outside the files that decides what the tables hold after it."""

    said: Statement
    sources: tuple[str, ...]
    """Trust in sources at the time, the most trusted first."""
    refiled: tuple[tuple[str, str], ...]
    """Symbols that a linear file cannot speak of, and the contract that exists instead."""
    files: tuple[DeliveredFile, ...]

    def as_bytes(self) -> bytes:
        said = self.said
        return canonical_bytes(
            {
                "version": _VERSION,
                "table": said.table.name,
                "venue": said.venue,
                "market": said.market.value,
                "interval_us": said.interval_us,
                "known_at": said.known_at,
                "received_us": said.received_us,
                "source": said.source,
                "form": said.form,
                "lag_us": said.publication_lag_us,
                "sources": list(self.sources),
                "refiled": dict(self.refiled),
                "files": [{"name": file.name, "origin": file.origin, "checksum": file.checksum} for file in self.files],
            }
        )

    @classmethod
    def parse(cls, data: bytes) -> Self:
        """Refused where the bytes are no such record."""
        try:
            held: dict[str, Any] = json.loads(data)
            if held["version"] != _VERSION:
                raise Refused(f"a delivery record of version {held['version']}: this program reads version {_VERSION}")
            said = Statement(
                versioned_table(held["table"]), held["venue"], Market(held["market"]), held["interval_us"], held["known_at"],
                held["received_us"], held["source"], held["form"], held["lag_us"],
            )  # fmt: skip
            files = tuple(stated_file(said, item["name"], item["origin"], item["checksum"]) for item in held["files"])
            return cls(said, tuple(held["sources"]), tuple(sorted(held["refiled"].items())), files)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise Refused(f"not a delivery record: {type(error).__name__}: {error}") from None


class DeliveryRecords:
    """HOME/raw/deliveries: `statements/<SHA-256>.json`, and `sealed/<number>.json` that names one of them."""

    def __init__(self, home: Path) -> None:
        self._statements = home / "raw" / "deliveries" / "statements"
        self._sealed = home / "raw" / "deliveries" / "sealed"

    def state(self, record: DeliveryRecord) -> str:
        """Write the record durably; returns its digest. Raises OSError."""
        data = record.as_bytes()
        digest = hashlib.sha256(data).hexdigest()
        path = self._statements / f"{digest}.json"
        if not path.exists():
            write_durably(path, data, mode=0o444, replace=False)
        return digest

    def seal(self, delivery: int, digest: str) -> None:
        """Give the delivery's number to its statement, for good. Refused where another statement has it; raises OSError."""
        path = self._sealed / f"{delivery:012d}.json"
        if not write_durably(path, canonical_bytes({"delivery": delivery, "statement": digest}), mode=0o444, replace=False):
            held = self.sealed(delivery)
            if held != digest:
                raise Refused(
                    f"delivery {delivery} is on record with another statement: the catalogue and {self._sealed.parent} are not "
                    "of one lake; run `factory lake rebuild`"
                )

    def numbers(self) -> tuple[int, ...]:
        """The sealed deliveries, rising."""
        return tuple(sorted(int(path.stem) for path in self._sealed.glob("[0-9]*.json")))

    def sealed(self, delivery: int) -> str:
        """The digest of the statement of a sealed delivery; Refused where there is none or the seal is damaged."""
        try:
            return str(json.loads((self._sealed / f"{delivery:012d}.json").read_bytes())["statement"])
        except (OSError, ValueError, KeyError, TypeError):
            raise Refused(
                f"delivery {delivery} has no readable seal in {self._sealed}: restore the raw store from a copy"
            ) from None

    def record(self, delivery: int) -> DeliveryRecord:
        """What a sealed delivery said. Refused where it is absent, or its bytes no longer have their digest."""
        digest = self.sealed(delivery)
        try:
            data = (self._statements / f"{digest}.json").read_bytes()
        except OSError as error:
            raise Refused(
                f"the statement of delivery {delivery} cannot be read: {error.strerror}; restore it from a copy"
            ) from None
        if hashlib.sha256(data).hexdigest() != digest:
            raise Refused(f"the statement of delivery {delivery} no longer has its digest: restore it from a copy")
        return DeliveryRecord.parse(data)
