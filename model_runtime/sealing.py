"""Sealed packages: the manifest in the clear beside an age payload that only the runtime's key opens.

What is encrypted is the whole package, packed; the SHA-256 of these packed bytes is the package's digest, so that a package has
the same digest whether it is sealed or not. Nothing is written in the clear here: callers hold the contents in memory.
"""

import os
from collections.abc import Mapping
from pathlib import Path

import pyrage

from domain.errors import Refused
from durable.files import write_durably
from model_runtime.contents import MANIFEST, MANIFEST_BYTES_MAX, PACKAGE_BYTES_MAX, packed, unpacked
from model_runtime.refusals import Altered

PAYLOAD = "sealed.age"
PAYLOAD_BYTES_MAX = PACKAGE_BYTES_MAX + 2**20
KEY_FILE = "runtime.age"
RECIPIENT_FILE = "runtime.age.pub"


def runtime_recipient(keys: Path) -> str:
    """The public key (`age1...`) that packages are sealed for; the pair is made on first use."""
    return str(_identity(keys, make=True).to_public())


def seal(contents: Mapping[str, bytes], recipient: str) -> dict[str, bytes]:
    """The two files of the sealed package. Raises Refused where the recipient is no age public key."""
    try:
        key = pyrage.x25519.Recipient.from_str(recipient)
    except pyrage.RecipientError as error:
        raise Refused(
            f"expected an age public key such as age1..., got {recipient[:20]!r} ({error}): give the runtime's"
        ) from None
    return {MANIFEST: contents[MANIFEST], PAYLOAD: pyrage.encrypt(packed(contents), [key])}


def is_sealed(folder: Path) -> bool:
    """Whether a folder holds a sealed package."""
    return (folder / PAYLOAD).is_file()


def unseal(folder: Path, keys: Path) -> dict[str, bytes]:
    """What was sealed, in memory.

    Raises Altered where the payload does not open or the manifest beside it is another one than inside, and Refused where this
    runtime has no key.
    """
    identity = _identity(keys, make=False)
    try:
        inside = pyrage.decrypt(_read(folder / PAYLOAD, PAYLOAD_BYTES_MAX), [identity])
    except pyrage.DecryptError:
        raise Altered(
            f"the sealed package {folder.name[:12]} does not open: a byte of it changed, or it is sealed for another key; "
            "seal it for this runtime and submit it again"
        ) from None
    contents = unpacked(inside)
    if contents.get(MANIFEST) != _read(folder / MANIFEST, MANIFEST_BYTES_MAX):
        raise Altered(
            f"the sealed package {folder.name[:12]}: {MANIFEST} is not the one that was sealed with it: submit it again"
        )
    return contents


def _read(path: Path, most: int) -> bytes:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError as error:
        raise Altered(f"the sealed package {path.parent.name[:12]}: {path.name} cannot be read ({error.strerror})") from None
    with os.fdopen(descriptor, "rb") as file:
        data = file.read(most + 1)
    if len(data) > most:
        raise Altered(f"the sealed package {path.parent.name[:12]}: {path.name} holds more than {most:,} bytes")
    return data


def _identity(keys: Path, *, make: bool) -> "pyrage.x25519.Identity":
    file = keys / KEY_FILE
    if make and not file.exists():
        made = pyrage.x25519.Identity.generate()
        # Of two processes that make one at the same time the first wins, and both read what lies there.
        if write_durably(file, f"{made}\n".encode(), mode=0o600, replace=False):
            write_durably(keys / RECIPIENT_FILE, f"{made.to_public()}\n".encode())
    try:
        text = file.read_text(encoding="ascii").strip()
        return pyrage.x25519.Identity.from_str(text)
    except FileNotFoundError:
        raise Refused(f"expected the runtime's key at {file}: it is not here, so a sealed package cannot be opened") from None
    except (pyrage.IdentityError, UnicodeDecodeError):
        raise Refused(f"{file}: expected an age identity (AGE-SECRET-KEY-1...): restore it from a backup") from None
