"""Files over SFTP from a server whose host key is declared: any other key is refused before a password leaves the machine."""

from collections.abc import Iterator, Mapping
from urllib.parse import urlsplit

import paramiko
from fsspec.implementations.sftp import SFTPFileSystem
from paramiko.hostkeys import HostKeyEntry

from data_lake.feeds.remote import CHUNK_BYTES, Version, translated
from domain.errors import Refused

_REFUSED = (paramiko.BadHostKeyException, paramiko.AuthenticationException)


class _Pinned(SFTPFileSystem):  # type: ignore[misc]
    """The library's file system, but with one known host key and no trust on first use."""

    protocol = "sftp-pinned"
    cachable = False

    def _connect(self) -> None:
        entry: HostKeyEntry = self.ssh_kwargs.pop("known")
        self.client = paramiko.SSHClient()
        self.client.set_missing_host_key_policy(paramiko.RejectPolicy())
        for name in entry.hostnames:
            self.client.get_host_keys().add(name, entry.key.get_name(), entry.key)
        try:
            self.client.connect(self.host, **self.ssh_kwargs)
            self.ftp = self.client.open_sftp()
        except BaseException:
            self.client.close()
            raise


class SftpFiles:
    def __init__(self, url: str, host_key: str, secrets: Mapping[str, str], timeout_s: float) -> None:
        parts = urlsplit(url)
        port = parts.port or 22
        self._root = f"sftp://{parts.netloc}"
        known = _known(f"[{parts.hostname}]:{port}" if port != 22 else str(parts.hostname), host_key)
        with translated(self._root, refused=_REFUSED, unreachable=(paramiko.SSHException,)):
            self._files = _Pinned(
                parts.hostname, port=port, username=secrets.get("username"), password=secrets.get("password"),
                key_filename=secrets.get("key_file"), timeout=timeout_s, banner_timeout=timeout_s, auth_timeout=timeout_s,
                look_for_keys=False, allow_agent=False, known=known,
            )  # fmt: skip
            self._files.ftp.get_channel().settimeout(timeout_s)

    def names(self, pattern: str) -> list[str]:
        with translated(pattern, unreachable=(paramiko.SSHException,)):
            return sorted(f"{self._root}{path}" for path in self._files.glob(urlsplit(pattern).path))

    def version(self, address: str) -> Version:
        with translated(address, unreachable=(paramiko.SSHException,)):
            found = self._files.ftp.stat(urlsplit(address).path)
            return Version(found.st_size, f"{found.st_size}-{found.st_mtime}")

    def stream(self, address: str, offset: int, version: Version) -> tuple[int, Iterator[bytes]]:  # noqa: ARG002
        return offset, self._chunks(address, offset)

    def _chunks(self, address: str, offset: int) -> Iterator[bytes]:
        with translated(address, unreachable=(paramiko.SSHException,)), self._files.ftp.open(urlsplit(address).path) as file:
            file.seek(offset)
            while chunk := file.read(CHUNK_BYTES):
                yield chunk

    def close(self) -> None:
        self._files.client.close()


def _known(host: str, host_key: str) -> HostKeyEntry:
    try:
        entry = HostKeyEntry.from_line(f"{host} {host_key}")
    except (paramiko.SSHException, ValueError):
        entry = None
    if entry is None or entry.key is None:
        raise Refused(f"{host}: expected a host_key such as `ssh-ed25519 AAAA...`, got {host_key[:40]!r}")
    return entry
