"""Objects of S3 and of what speaks like it."""

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager

from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError
from s3fs import S3FileSystem

from data_lake.feeds.remote import CHUNK_BYTES, Version, translated

_REGION = "us-east-1"
_READ_BYTES = 8 * CHUNK_BYTES


class S3Files:
    def __init__(self, endpoint: str | None, secrets: Mapping[str, str], timeout_s: float, region: str | None = None) -> None:
        client = {"region_name": region or _REGION} | ({"endpoint_url": endpoint} if endpoint else {})
        self._files = S3FileSystem(
            anon="access_key" not in secrets, key=secrets.get("access_key"), secret=secrets.get("secret_key"),
            token=secrets.get("token"), client_kwargs=client, use_listings_cache=False, skip_instance_cache=True,
            config_kwargs={"connect_timeout": timeout_s, "read_timeout": timeout_s, "retries": {"max_attempts": 1}},
        )  # fmt: skip
        self._files.retries = 1

    def names(self, pattern: str) -> list[str]:
        with _translated(pattern):
            return sorted(f"s3://{path}" for path in self._files.glob(pattern))

    def version(self, address: str) -> Version:
        with _translated(address):
            found = self._files.info(address, refresh=True)
            return Version(found["size"], found.get("ETag"))

    def stream(self, address: str, offset: int, version: Version) -> tuple[int, Iterator[bytes]]:
        return offset, self._chunks(address, offset, version.size_bytes or 0)

    def _chunks(self, address: str, offset: int, size: int) -> Iterator[bytes]:
        for start in range(offset, size, _READ_BYTES):
            with _translated(address):
                chunk = self._files.cat_file(address, start=start, end=min(start + _READ_BYTES, size))
            yield chunk

    def close(self) -> None:
        pass


def _translated(address: str) -> AbstractContextManager[None]:
    return translated(address, refused=(ClientError,), unreachable=(BotoCoreError, HTTPClientError))
