"""Files over FTP: a broken download goes on by REST."""

import ftplib
from collections.abc import Iterator, Mapping
from urllib.parse import urlsplit

from fsspec.implementations.ftp import FTPFileSystem

from data_lake.feeds.remote import CHUNK_BYTES, Absent, Version, translated


class FtpFiles:
    def __init__(self, url: str, secrets: Mapping[str, str], timeout_s: float) -> None:
        parts = urlsplit(url)
        self._root = f"ftp://{parts.netloc}"
        with translated(self._root, refused=(ftplib.error_perm,), unreachable=(ftplib.Error,)):
            self._files = FTPFileSystem(
                parts.hostname, parts.port or 21, secrets.get("username"), secrets.get("password"), timeout=timeout_s,
                use_listings_cache=False, skip_instance_cache=True,
            )  # fmt: skip

    def names(self, pattern: str) -> list[str]:
        with translated(pattern, refused=(ftplib.error_perm,), unreachable=(ftplib.Error,)):
            return sorted(f"{self._root}{path}" for path in self._files.glob(urlsplit(pattern).path))

    def version(self, address: str) -> Version:
        path = urlsplit(address).path
        with translated(address, unreachable=(ftplib.error_temp, ftplib.error_proto)):
            try:
                self._files.ftp.voidcmd("TYPE I")
                size, changed = self._files.ftp.size(path), self._files.ftp.sendcmd(f"MDTM {path}")
            except ftplib.error_perm as error:
                raise Absent(f"{address}: {error}") from None
        return Version(size, f"{size}-{changed}")

    def stream(self, address: str, offset: int, version: Version) -> tuple[int, Iterator[bytes]]:  # noqa: ARG002
        return offset, self._chunks(address, offset)

    def _chunks(self, address: str, offset: int) -> Iterator[bytes]:
        with translated(address, refused=(ftplib.error_perm,), unreachable=(ftplib.Error,)):
            self._files.ftp.voidcmd("TYPE I")
            with self._files.ftp.transfercmd(f"RETR {urlsplit(address).path}", rest=offset or None) as connection:
                while chunk := connection.recv(CHUNK_BYTES):
                    yield chunk
            self._files.ftp.voidresp()

    def close(self) -> None:
        self._files.ftp.close()
