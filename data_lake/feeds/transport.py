"""One contract for every way in, chosen by the scheme of a feed's address."""

from collections.abc import Mapping
from typing import Protocol

from data_lake.feeds.declaration import Feed, Feeds, secrets
from data_lake.feeds.landing import Fetched, Landing


class Transport(Protocol):
    """Brings what is new of a feed into a landing."""

    def fetch(self, feed: Feed, since_us: int | None, into: Landing) -> tuple[Fetched, ...]:
        """Everything that landed. Raises Unreachable (no answer: what landed stays, fetch again) or Refused."""


def transport_of(feed: Feed, feeds: Feeds, environment: Mapping[str, str]) -> Transport:
    """The transport of this feed, connected where its protocol has connections. Raises Refused or Unreachable."""
    known, timeout_s = secrets(feed, environment), feed.budget.timeout_s
    if feed.transport in ("ccxt", "ws"):
        from data_lake.feeds.exchange import ExchangeTransport

        if feed.transport == "ccxt":
            return ExchangeTransport(known)
        from data_lake.feeds.stream import StreamTransport

        refill = None if feed.resync is None else feeds.named(feed.resync)
        return StreamTransport(refill, None if refill is None else ExchangeTransport(secrets(refill, environment)))
    from data_lake.feeds.files import FileTransport

    if feed.transport == "file":
        from data_lake.feeds.remote_local import LocalFiles

        return FileTransport(LocalFiles())
    if feed.transport == "http":
        from data_lake.feeds.remote_http import HttpFiles

        return FileTransport(HttpFiles(known, timeout_s))
    if feed.transport == "ftp":
        from data_lake.feeds.remote_ftp import FtpFiles

        return FileTransport(FtpFiles(feed.url, known, timeout_s))
    if feed.transport == "sftp":
        from data_lake.feeds.remote_sftp import SftpFiles

        return FileTransport(SftpFiles(feed.url, feed.host_key or "", known, timeout_s))
    from data_lake.feeds.remote_s3 import S3Files

    return FileTransport(S3Files(feed.endpoint, known, timeout_s, feed.region))
