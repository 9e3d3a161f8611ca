"""Archives to the files inside them, within a bound on what they may unpack to."""

import gzip
import io
import zipfile
import zlib

from domain.errors import Refused

UNPACKED_MAX_BYTES = 2 * 1024**3
"""An archive that claims or holds more than this is refused: a zip bomb, or a file to be split."""


def unpacked(data: bytes, name: str) -> tuple[tuple[str, bytes], ...]:
    """The plain files of a delivered one: (name, bytes) of the members of a zip, of what a gz holds, or of the file itself.

    Raises Refused where the file is empty, cannot be unpacked, holds nothing, or unpacks too far.
    """
    if not data:
        raise Refused("the file is empty: deliver it again")
    lowered = name.lower()
    if lowered.endswith(".zip"):
        return tuple(pair for member, inner in zip_members(data) for pair in unpacked(inner, member))
    if lowered.endswith(".gz"):
        return unpacked(gunzip(data), name[: -len(".gz")])
    return ((name, data),)


def gunzip(data: bytes) -> bytes:
    """What a gz holds; Refused where it is damaged or unpacks too far."""
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(data)) as stream:
            inner = stream.read(UNPACKED_MAX_BYTES + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise Refused(f"not readable as gzip: {first_line(error)}") from None
    if len(inner) > UNPACKED_MAX_BYTES:
        raise Refused(f"the gzip unpacks to more than {UNPACKED_MAX_BYTES} bytes: split it")
    return inner


def zip_members(data: bytes) -> list[tuple[str, bytes]]:
    """Name and bytes of each file in a zip; Refused where it is damaged, locked, empty, nested, or unpacks too far."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = [item for item in archive.infolist() if not item.is_dir()]
            if not members:
                raise Refused("the zip holds no file")
            if sum(item.file_size for item in members) > UNPACKED_MAX_BYTES:
                raise Refused(f"the zip unpacks to more than {UNPACKED_MAX_BYTES} bytes: split it")
            if any(item.filename.lower().endswith(".zip") for item in members):
                raise Refused("the zip holds another zip: unpack it once and deliver that")
            return [(item.filename, archive.read(item)) for item in members]
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, zlib.error, EOFError, OSError) as error:
        raise Refused(f"not readable as zip: {first_line(error)}") from None


def first_line(error: BaseException) -> str:
    """What an error says, short enough for a reason."""
    return str(error).splitlines()[0][:200] if str(error) else type(error).__name__
