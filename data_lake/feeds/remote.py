"""One view of a far file, whatever the protocol: its version, and its bytes from an offset on."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol

from data_lake.unpack import first_line
from domain.errors import Refused, Unreachable

CHUNK_BYTES = 1 << 20

Kinds = tuple[type[BaseException], ...]


class Absent(Exception):
    """There is no such file: not published yet, or taken away."""


@dataclass(frozen=True)
class Version:
    """`token` changes when the file does; None where the protocol has none."""

    size_bytes: int | None
    token: str | None


class Remote(Protocol):
    """A far store of files. Every method raises Absent, Refused or Unreachable, and nothing of its library."""

    def names(self, pattern: str) -> list[str]:
        """Addresses that match a pattern with `*`, in order."""

    def version(self, address: str) -> Version:
        """Size and token of a file."""

    def stream(self, address: str, offset: int, version: Version) -> tuple[int, Iterator[bytes]]:
        """Where the bytes really start (0 where the far side cannot go on from the offset), and the bytes."""

    def close(self) -> None:
        """Let go of the connection."""


@contextmanager
def translated(address: str, *, absent: Kinds = (), refused: Kinds = (), unreachable: Kinds = ()) -> Iterator[None]:
    """Errors of a library as the house's own; errors of the system count as no answer."""
    gone: Kinds = (FileNotFoundError, *absent)
    forbidden: Kinds = (PermissionError, IsADirectoryError, NotADirectoryError, *refused)
    silent: Kinds = (OSError, EOFError, *unreachable)
    try:
        yield
    except (Absent, Refused, Unreachable):
        raise
    except gone as error:
        raise Absent(f"{address}: {first_line(error)}") from None
    except forbidden as error:
        raise Refused(f"{address}: {first_line(error)}: correct the address or the credentials") from None
    except silent as error:
        raise Unreachable(f"{address}: {first_line(error)}; fetch again later") from None
