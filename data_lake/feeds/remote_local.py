"""Files of this machine, or of a share mounted on it."""

from collections.abc import Iterator

import fsspec

from data_lake.feeds.remote import CHUNK_BYTES, Version, translated


class LocalFiles:
    def __init__(self) -> None:
        self._files = fsspec.filesystem("file", use_listings_cache=False)

    def names(self, pattern: str) -> list[str]:
        with translated(pattern):
            return sorted(f"file://{path}" for path in self._files.glob(pattern))

    def version(self, address: str) -> Version:
        with translated(address):
            found = self._files.info(address)
            return Version(found["size"], f"{found['ino']}-{found['size']}-{found['mtime']!r}")

    def stream(self, address: str, offset: int, version: Version) -> tuple[int, Iterator[bytes]]:  # noqa: ARG002
        return offset, self._chunks(address, offset)

    def _chunks(self, address: str, offset: int) -> Iterator[bytes]:
        with translated(address), self._files.open(address, "rb") as file:
            file.seek(offset)
            while chunk := file.read(CHUNK_BYTES):
                yield chunk

    def close(self) -> None:
        pass
