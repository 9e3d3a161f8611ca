"""Feeds of files: which addresses a feed means, and the download of each, resumed, bounded and checked."""

import datetime as dt
import re
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from data_lake.feeds.declaration import Feed
from data_lake.feeds.landing import Fetched, Landing
from data_lake.feeds.remote import Absent, Remote, Version
from data_lake.formats import SUFFIXES
from domain.errors import Refused, Unreachable
from domain.times import from_datetime, to_datetime

_SHA256 = re.compile(rb"\b[0-9a-f]{64}\b")
_CHECKSUM_MAX_BYTES = 4_096
_DELIVERABLE = (*SUFFIXES, ".json", ".jsonl")
"""Of what a pattern finds."""


class FileTransport:
    """Over any far store of files."""

    def __init__(self, remote: Remote) -> None:
        self._remote = remote

    def fetch(self, feed: Feed, since_us: int | None, into: Landing) -> tuple[Fetched, ...]:
        """Land every file of the feed that is new or has changed.

        A file that does not exist is listed as absent. Raises Unreachable where the far side stops answering and Refused where it
        will not give; what landed before stays landed, and the next fetch goes on from there.
        """
        try:
            for address, symbol in self._addresses(feed, since_us, into.now_us):
                into.check_deadline(address)
                try:
                    self._take(feed, address, symbol, into)
                except Absent:
                    into.absent.append(address)
        finally:
            self._remote.close()
        for part in into.folder.glob("*.part"):  # of versions that are gone: everything there is has come
            part.unlink()
        return tuple(into.fetched)

    def _addresses(self, feed: Feed, since_us: int | None, now_us: int) -> Iterator[tuple[str, str | None]]:
        for address, symbol in addresses(feed, since_us, now_us):
            if "*" not in address:
                yield address, symbol
                continue
            for found in self._remote.names(address):
                if found.lower().endswith(_DELIVERABLE):
                    yield found, symbol

    def _take(self, feed: Feed, address: str, symbol: str | None, into: Landing) -> None:
        stated = self._stated_checksum(feed, address)
        version = self._remote.version(address)
        if into.holds(address, token=version.token, checksum=stated):
            return
        part = into.part(address, version.token)
        data = self._download(feed, address, version, part, into)
        name = Path(urlsplit(address).path).name
        into.land(address, name, data, token=version.token, stated=stated, symbol=symbol)
        part.unlink(missing_ok=True)

    def _stated_checksum(self, feed: Feed, address: str) -> str | None:
        if feed.checksum == "none":
            return None
        beside = f"{address}{feed.checksum}"
        version = self._remote.version(beside)
        _, chunks = self._remote.stream(beside, 0, version)
        text = b"".join(chunks)[:_CHECKSUM_MAX_BYTES]
        found = _SHA256.search(text.lower())
        # what is no checksum is no file's checksum: the lake then puts the file into quarantine
        return found.group().decode() if found is not None else repr(text[:80])

    def _download(self, feed: Feed, address: str, version: Version, part: Path, into: Landing) -> bytes:
        part.parent.mkdir(parents=True, exist_ok=True)
        if version.size_bytes is not None and version.size_bytes > feed.budget.file_max_bytes:
            raise Refused(f"{address}: {version.size_bytes} bytes, more than the budget of {feed.budget.file_max_bytes}")
        for attempt in range(feed.budget.attempts):
            time.sleep(feed.budget.pause_before(attempt))
            try:
                self._go_on(feed, address, version, part, into)
                break
            except Unreachable:
                if attempt + 1 == feed.budget.attempts:
                    raise
                into.check_deadline(address)
        return part.read_bytes()

    def _go_on(self, feed: Feed, address: str, version: Version, part: Path, into: Landing) -> None:
        held = part.stat().st_size if part.exists() and version.token is not None else 0
        if version.size_bytes is not None and held == version.size_bytes and held > 0:
            return
        start, chunks = self._remote.stream(address, held, version)
        with part.open("r+b" if part.exists() else "wb") as file:
            file.truncate(start)
            file.seek(start)
            for chunk in chunks:
                file.write(chunk)
                into.check_deadline(address)
                if file.tell() > feed.budget.file_max_bytes:
                    raise Refused(f"{address}: more than the budget of {feed.budget.file_max_bytes} bytes")
        came = part.stat().st_size
        if version.size_bytes is not None and came < version.size_bytes:
            raise Unreachable(f"{address}: broke off after {came} of {version.size_bytes} bytes; fetch again to go on from there")


def addresses(feed: Feed, since_us: int | None, now_us: int) -> tuple[tuple[str, str | None], ...]:
    """The feed's address, with the symbol that it names, for each symbol and each month or day that ended between since and now.

    `since_us` None: from the feed's start. The symbol is None where the address names none.
    """
    first_us = since_us if since_us is not None else feed.start_us
    periods = _periods(feed.url, first_us, now_us)
    symbols: tuple[str | None, ...] = feed.symbols if "{symbol}" in feed.url else (None,)
    return tuple(
        (feed.url.format(symbol=symbol, interval=feed.interval, **period), symbol) for symbol in symbols for period in periods
    )


def _periods(url: str, first_us: int | None, now_us: int) -> list[dict[str, str]]:
    monthly, daily = "{month}" in url, "{date}" in url
    if first_us is None or not (monthly or daily):
        return [{"month": "", "date": ""}]
    day = to_datetime(first_us).date()
    day = day if daily else day.replace(day=1)
    found = []
    while (after := _next(day, daily=daily)) <= to_datetime(now_us).date():
        assert from_datetime(dt.datetime(after.year, after.month, after.day, tzinfo=dt.UTC)) <= now_us
        found.append({"month": f"{day:%Y-%m}", "date": f"{day:%Y-%m-%d}"})
        day = after
    return found


def _next(day: dt.date, *, daily: bool) -> dt.date:
    if daily:
        return day + dt.timedelta(days=1)
    return dt.date(day.year + day.month // 12, day.month % 12 + 1, 1)
