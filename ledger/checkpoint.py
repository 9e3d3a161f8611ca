"""Signed checkpoints: C2SP tlog-checkpoint in a C2SP signed note with one Ed25519 signature (type 0x01)."""

import base64
import binascii
import hashlib
import re
from dataclasses import dataclass

from domain.errors import Refused
from ledger.keys import PublicKey, SigningKey

_ED25519 = b"\x01"
_SIZE = re.compile(r"0|[1-9][0-9]{0,18}")
_FORBIDDEN_IN_NAME = re.compile(r"[\s+\x00-\x1f]")
CHECKPOINT_MAX_BYTES = 4096


@dataclass(frozen=True)
class Checkpoint:
    """A log's promise: its first `size` leaves have this root."""

    origin: str
    size: int
    root: bytes

    def text(self) -> str:
        """The note's text, which is what is signed."""
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode('ascii')}\n"


def log_origin(key: PublicKey) -> str:
    """The identity of the log that this key signs for."""
    return f"alpha-factory/log/{key.key_id}"


def note_key_id(name: str, key: PublicKey) -> bytes:
    """4 bytes that pick the key of a signature line (C2SP signed-note)."""
    return hashlib.sha256(name.encode("utf-8") + b"\n" + _ED25519 + key.raw).digest()[:4]


def sign_note(text: str, name: str, key: SigningKey) -> bytes:
    """The signed note of `text`, which ends in a newline. Raises Refused where text or name do not fit the format."""
    if not text.endswith("\n") or any(letter < " " and letter != "\n" for letter in text):
        raise Refused("expected a note's text to end in a newline and hold no other control characters")
    if not name or _FORBIDDEN_IN_NAME.search(name):
        raise Refused(f"expected a key name without spaces and '+', got {name!r}: choose another")
    blob = note_key_id(name, key.public) + key.sign(text.encode("utf-8"))
    return f"{text}\n— {name} {base64.b64encode(blob).decode('ascii')}\n".encode()


def open_note(data: bytes, name: str, key: PublicKey) -> str:
    """The text that `key` signed under `name`; lines of other signers are passed over, as the format asks.

    Raises Refused where the note is malformed, has no line of this key, or the line does not verify.
    """
    if len(data) > CHECKPOINT_MAX_BYTES:
        raise Refused(f"the checkpoint: expected at most {CHECKPOINT_MAX_BYTES} bytes, got {len(data)}")
    try:
        head, separator, tail = data.decode("utf-8").rpartition("\n\n")
    except UnicodeDecodeError:
        raise Refused("the checkpoint: expected UTF-8 text: restore it from a copy") from None
    if not separator or not tail.endswith("\n") or any(letter < " " and letter != "\n" for letter in head + tail):
        raise Refused("the checkpoint: expected a text, a blank line and a signature line: restore it from a copy")
    text = head + "\n"
    ours = [
        blob
        for signer, blob in map(_signature_line, tail[:-1].split("\n"))
        if (signer, blob[:4]) == (name, note_key_id(name, key))
    ]
    if not ours:
        raise Refused(f"the checkpoint: expected a signature line of {name}, found none: it is of another log or was altered")
    if not all(key.verifies(blob[4:], text.encode("utf-8")) for blob in ours):
        raise Refused(f"the checkpoint: the signature of {name} does not match its text: it was altered")
    return text


def sign_checkpoint(checkpoint: Checkpoint, key: SigningKey) -> bytes:
    """The checkpoint as a note whose key name is the log's origin."""
    return sign_note(checkpoint.text(), checkpoint.origin, key)


def open_checkpoint(data: bytes, origin: str, key: PublicKey) -> Checkpoint:
    """The checkpoint that the log `origin` signed; lines after the third are extensions and are passed over.

    Raises Refused where it is malformed, of another log, or altered.
    """
    lines = open_note(data, origin, key).split("\n")[:-1]
    if len(lines) < 3 or lines[0] != origin or not _SIZE.fullmatch(lines[1]):
        raise Refused(f"the checkpoint: expected the lines {origin}, size and root hash, got {lines[:3]}")
    root = _decoded(lines[2])
    if len(root) != 32:
        raise Refused(f"the checkpoint: expected a root hash of 32 bytes, got {len(root)}")
    return Checkpoint(origin, int(lines[1]), root)


def _signature_line(line: str) -> tuple[str, bytes]:
    parts = line.split(" ")
    if len(parts) != 3 or parts[0] != "—" or not parts[1]:
        raise Refused(f"the checkpoint: expected a signature line '— name base64', got {line!r}")
    blob = _decoded(parts[2])
    if len(blob) < 5:
        raise Refused("the checkpoint: expected a key id and a signature, got fewer than 5 bytes")
    return parts[1], blob


def _decoded(text: str) -> bytes:
    try:
        decoded = base64.b64decode(text.encode("ascii"), validate=True)
    except (UnicodeEncodeError, binascii.Error):
        decoded = b""
    if not decoded or base64.b64encode(decoded).decode("ascii") != text:
        raise Refused(f"the checkpoint: expected standard padded base64, got {text!r}")
    return decoded
