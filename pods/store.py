"""The pod's memory on disk: one file, sealed by the pod's own key and replaced as a whole."""

import base64
import fcntl
import os
from pathlib import Path

from pydantic import Field

from domain.canonical import canonical_bytes
from domain.errors import Refused
from domain.model import Frozen
from durable.files import write_durably
from ledger.envelope import DOCUMENT_MAX_BYTES, open_envelope, seal
from ledger.keys import SigningKey, trust
from ledger.strict_json import read_json
from pods.rules import PodState

HELD_TYPE = "application/vnd.alpha-factory.pod-state.v1+json"
STATE_NAME = "state.json"
_LOCK_NAME = "lock"


class Held(Frozen):
    """What is remembered across a restart: the state, and the answer already given for it."""

    state: PodState
    receipt_base64: str | None = None
    """The signed receipt for the document in `state`, byte for byte."""
    halted_us: int | None = Field(default=None, strict=True)
    """When the halt in `state` was applied."""
    starts: int = Field(default=0, ge=0, strict=True)
    """How often the pod was started: the leading part of its sequence numbers."""

    @property
    def receipt(self) -> bytes | None:
        """The receipt's bytes."""
        return None if self.receipt_base64 is None else base64.b64decode(self.receipt_base64)

    def with_receipt(self, receipt: bytes) -> "Held":
        """The same with another receipt."""
        return self.model_copy(update={"receipt_base64": base64.b64encode(receipt).decode("ascii")})


class PodStore:
    """The state of one pod in one folder, for one process at a time."""

    def __init__(self, folder: Path, pod: str, key: SigningKey) -> None:
        """Take the folder. Raises Refused where another process has it, or what it holds is altered or of another pod."""
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._path = folder / STATE_NAME
        self._key = key
        self._lock: int | None = _take(folder / _LOCK_NAME)
        try:
            self._held = self._read(pod)
        except Refused:
            self.close()
            raise

    @property
    def held(self) -> Held:
        """What is remembered now."""
        return self._held

    def save(self, held: Held) -> None:
        """Remember `held`; on return it survives a crash. Raises OSError, and then still remembers what it did before."""
        if held != self._held:
            write_durably(self._path, seal(canonical_bytes(held.model_dump(mode="json")), HELD_TYPE, self._key), mode=0o600)
            self._held = held

    def close(self) -> None:
        """Leave the folder to another process."""
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def _read(self, pod: str) -> Held:
        if not self._path.exists():
            return Held(state=PodState(pod=pod))
        try:
            with self._path.open("rb") as file:
                payload = open_envelope(file.read(DOCUMENT_MAX_BYTES + 1), trust([self._key.public]), HELD_TYPE).payload
            held = Held.parse(read_json(payload, str(self._path)), str(self._path))
        except Refused as refusal:
            raise Refused(f"{self._path}: expected the state that this pod sealed: {refusal}; restore it from a backup") from None
        if held.state.pod != pod:
            raise Refused(
                f"{self._path}: expected the state of pod {pod!r}, got that of {held.state.pod!r}: choose another folder"
            )
        return held


def _take(path: Path) -> int:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        raise Refused(f"{path.parent}: another process serves this pod: stop it, or choose another pod") from None
    return descriptor
