"""What arrived, byte for byte: a content-addressed store under HOME/raw that never loses or changes a file."""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

from domain.errors import Refused
from durable.files import write_durably

_CHECKSUM_DIGITS = 64


@dataclass(frozen=True)
class RawFile:
    """One stored file: `checksum` is 64 hex digits of SHA-256, `origin` the name it came under."""

    checksum: str
    origin: str
    received_us: int
    size_bytes: int


class RawStore:
    """Files under HOME/raw/<first two digits>/<checksum>, each with a `.json` of where it first came from."""

    def __init__(self, home: Path) -> None:
        self._folder = home / "raw"

    def path(self, checksum: str) -> Path:
        return self._folder / checksum[:2] / checksum

    def files(self) -> tuple[Path, ...]:
        """Every stored file, by checksum."""
        return tuple(sorted(path for path in self._folder.glob("[0-9a-f][0-9a-f]/*") if len(path.name) == _CHECKSUM_DIGITS))

    def put(self, data: bytes, origin: str, received_us: int) -> RawFile:
        """Store the bytes durably; the same bytes twice are one file, and the first origin stays. Raises OSError."""
        checksum = hashlib.sha256(data).hexdigest()
        path = self.path(checksum)
        if not path.exists():
            write_durably(path, data, mode=0o444, replace=False)
        origin_path = path.with_suffix(".json")
        stored = RawFile(checksum, origin, received_us, len(data))
        if not origin_path.exists():
            record = {"checksum": checksum, "origin": origin, "received_us": received_us, "size_bytes": len(data)}
            write_durably(origin_path, json.dumps(record, sort_keys=True).encode() + b"\n", replace=False)
        return stored

    def get(self, checksum: str) -> bytes:
        """The bytes of this checksum; Refused where they are absent or no longer match it."""
        path = self.path(checksum)
        if not path.is_file():
            raise Refused(f"raw store: expected a file with checksum {checksum}, found none: deliver it again")
        data = path.read_bytes()
        if hashlib.sha256(data).hexdigest() != checksum:
            raise Refused(f"raw store: {path.name} no longer has its checksum: restore it from a copy or deliver it again")
        return data
