"""Ed25519 keys on disk: a private file that only its owner can read, and a public file beside it."""

import hashlib
import os
import re
import stat
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)

from domain.errors import Refused
from durable.files import write_durably

ALLOCATOR = "allocator"
"""Name of the key that signs allocation and volatility documents."""
HALTER = "halter"
"""Name of the key that signs halts."""
LOG = "log"
"""Name of the key that signs checkpoints of the Merkle log."""
POD_PREFIX = "pod-"
"""The key of pod NAME is called `pod-NAME`."""

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_FILE_MAX_BYTES = 4096


@dataclass(frozen=True)
class PublicKey:
    """An Ed25519 public key: 32 raw bytes."""

    raw: bytes

    def __post_init__(self) -> None:
        if len(self.raw) != 32:
            raise Refused(f"expected an Ed25519 public key of 32 bytes, got {len(self.raw)}")

    @cached_property
    def key_id(self) -> str:
        """First 16 hex digits of the SHA-256 of the raw key."""
        return hashlib.sha256(self.raw).hexdigest()[:16]

    def verifies(self, signature: bytes, message: bytes) -> bool:
        """Whether this key made `signature` over `message` (RFC 8032, pure Ed25519)."""
        try:
            Ed25519PublicKey.from_public_bytes(self.raw).verify(signature, message)
        except InvalidSignature:
            return False
        return True

    def to_pem(self) -> bytes:
        """SubjectPublicKeyInfo as PEM text, which every common tool reads."""
        return Ed25519PublicKey.from_public_bytes(self.raw).public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


TrustedKeys = Mapping[str, PublicKey]
"""Keys that may sign one kind of document, by key id."""


def trust(keys: Iterable[PublicKey]) -> TrustedKeys:
    """The keys by their id."""
    return {key.key_id: key for key in keys}


@dataclass(frozen=True)
class SigningKey:
    """An Ed25519 private key; its representation never shows the secret."""

    _private: Ed25519PrivateKey

    @classmethod
    def from_seed(cls, seed: bytes) -> "SigningKey":
        """The key of a 32-byte seed."""
        if len(seed) != 32:
            raise Refused(f"expected an Ed25519 seed of 32 bytes, got {len(seed)}")
        return cls(Ed25519PrivateKey.from_private_bytes(seed))

    @cached_property
    def public(self) -> PublicKey:
        """The public half."""
        return PublicKey(self._private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw))

    @property
    def key_id(self) -> str:
        """Id of the public half."""
        return self.public.key_id

    def sign(self, message: bytes) -> bytes:
        """64 bytes; the same message always gives the same signature (RFC 8032)."""
        return self._private.sign(message)


def load_or_create(folder: Path, name: str) -> SigningKey:
    """The key `folder/name.key` (PEM, mode 0600), created on first use together with `folder/name.pub`.

    Processes that race to create it all get the key of the one that came first. Raises Refused where the private file can
    be read by group or others, is no Ed25519 key, or does not belong to the public file beside it.
    """
    check_name(name)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = folder / f"{name}.key"
    if not path.exists():
        fresh = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        write_durably(path, fresh, mode=0o600, replace=False)
    key = load_private(path)
    _publish(folder / f"{name}.pub", key.public)
    return key


def check_name(name: str) -> str:
    """The name, fit to be part of a file's name; else Refused."""
    if not _NAME.fullmatch(name):
        raise Refused(f"expected a name of letters, digits, '.', '_' and '-' (at most 100), got {name!r}: choose another")
    return name


def load_private(path: Path) -> SigningKey:
    """The private key in a PEM file of mode 0600 or stricter. Raises Refused."""
    try:
        key = load_pem_private_key(_read_secret(path), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise Refused(f"{path}: expected an unencrypted Ed25519 private key in PEM: restore it from a backup") from None
    if not isinstance(key, Ed25519PrivateKey):
        raise Refused(f"{path}: expected an Ed25519 private key, got another algorithm: restore it from a backup")
    return SigningKey(key)


def load_public(path: Path) -> PublicKey:
    """The public key in a `.pub` file (PEM). Raises Refused."""
    try:
        with path.open("rb") as file:
            key = load_pem_public_key(file.read(_FILE_MAX_BYTES))
    except OSError as error:
        raise Refused(f"{path}: expected a public key, cannot read it ({error.strerror}): give the right path") from None
    except (ValueError, UnsupportedAlgorithm):
        raise Refused(f"{path}: expected an Ed25519 public key in PEM: ask its owner for the .pub file again") from None
    if not isinstance(key, Ed25519PublicKey):
        raise Refused(f"{path}: expected an Ed25519 public key, got another algorithm: ask its owner for the .pub file again")
    return PublicKey(key.public_bytes(Encoding.Raw, PublicFormat.Raw))


def _read_secret(path: Path) -> bytes:
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except OSError as error:
        raise Refused(f"{path}: expected a private key, cannot read it ({error.strerror}): check its owner") from None
    with os.fdopen(descriptor, "rb") as file:
        mode = stat.S_IMODE(os.fstat(descriptor).st_mode)
        if mode & 0o077:
            raise Refused(
                f"{path}: expected a private key that only its owner can read (mode 0600), got {mode:04o}: "
                f"run `chmod 600 {path}`, and replace the key if anyone else may have read it"
            )
        return file.read(_FILE_MAX_BYTES)


def _publish(path: Path, public: PublicKey) -> None:
    if path.exists() or not write_durably(path, public.to_pem(), replace=False):
        found = load_public(path)
        if found != public:
            raise Refused(
                f"{path}: expected the public half of the private key beside it ({public.key_id}), got {found.key_id}: "
                "remove the wrong .pub file, it is then written anew"
            )
