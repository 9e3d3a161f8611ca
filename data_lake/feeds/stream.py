"""A websocket: listen for a while, keep every message as it came, and ask by REST for what the sequence lacks."""

import json
import time
from typing import Protocol

import polars as pl
from websockets.exceptions import ConnectionClosedError, ConnectionClosedOK, InvalidHandshake, InvalidURI
from websockets.sync.client import ClientConnection, connect

from data_lake.feeds.declaration import Feed
from data_lake.feeds.landing import Fetched, Gap, Landing
from data_lake.feeds.sequence import Hole, missing_bars, missing_trades
from data_lake.formats_declared import load_formats, read_declared
from data_lake.unpack import first_line
from domain.errors import Refused, Unreachable


class Refill(Protocol):
    """A transport that can be asked for a stretch of time."""

    def fetch_range(self, feed: Feed, since_us: int, until_us: int, into: Landing) -> tuple[Fetched, ...]: ...


class StreamTransport:
    """One connection for all symbols of a feed; `refill` is the feed that fills gaps, by its transport."""

    def __init__(self, refill: Feed | None, transport: Refill | None) -> None:
        self._refill, self._transport = refill, transport

    def fetch(self, feed: Feed, since_us: int | None, into: Landing) -> tuple[Fetched, ...]:
        """Land what came within `listen_s`, or until the other side ends the stream, and what a gap's refill brought.

        A broken connection is opened again within the attempts of the budget; what it lost is a gap. Raises Unreachable where
        the budget is used up, after landing what came.
        """
        messages: list[str] = []
        try:
            _listen(feed, messages)
        finally:
            self._land(feed, since_us, messages, into)
        return tuple(into.fetched)

    def _land(self, feed: Feed, since_us: int | None, messages: list[str], into: Landing) -> None:
        data = "".join(f"{' '.join(message.splitlines())}\n" for message in messages).encode()
        try:
            rows = _rows(feed, data)
        except Refused:
            rows = None  # the lake's ingest puts these bytes into quarantine, with the reason
        if data and (rows is None or len(rows)):
            into.land(f"{feed.url}#{into.now_us}", f"{feed.name}-{into.now_us}.jsonl", data)
        if rows is not None and len(rows):
            for hole in _holes(feed, rows, since_us):
                self._fill(hole, into)

    def _fill(self, hole: Hole, into: Landing) -> None:
        evidence = {"missing": hole.missing, "until_us": hole.until_us}
        if self._refill is None or self._transport is None:
            into.gaps.append(Gap(hole.symbol, hole.since_us, {**evidence, "filled_by": None}))
            return
        asked = self._refill.model_copy(update={"symbols": (hole.symbol,)})
        other = next((landing for landing in into.refills if landing.feed.name == asked.name), None)
        if other is None:
            other = Landing(into.home, self._refill, into.received_us(), into.clock)
            into.refills.append(other)
        into.gaps.append(Gap(hole.symbol, hole.since_us, {**evidence, "filled_by": asked.name}))
        self._transport.fetch_range(asked, hole.since_us, hole.until_us, other)


def _listen(feed: Feed, messages: list[str]) -> None:
    ends_s = time.monotonic() + feed.budget.listen_s
    for attempt in range(feed.budget.attempts):
        time.sleep(feed.budget.pause_before(attempt))
        try:
            with connect(feed.url, open_timeout=feed.budget.timeout_s, close_timeout=feed.budget.timeout_s) as connection:
                _subscribe(feed, connection)
                _receive(feed, connection, ends_s, messages)
            return
        except InvalidURI as error:
            raise Refused(f"{feed.url}: {first_line(error)}") from None
        except (ConnectionClosedError, InvalidHandshake, OSError, EOFError) as error:
            if attempt + 1 == feed.budget.attempts:
                raise Unreachable(f"{feed.url}: {first_line(error)}; fetch again later") from None


def _subscribe(feed: Feed, connection: ClientConnection) -> None:
    if feed.subscribe is None:
        return
    streams = [
        feed.subscribe.format(symbol=symbol, symbol_lower=symbol.lower(), interval=feed.interval) for symbol in feed.symbols
    ]
    connection.send(json.dumps({"method": "SUBSCRIBE", "params": streams, "id": 1}))


def _receive(feed: Feed, connection: ClientConnection, ends_s: float, messages: list[str]) -> None:
    while (left_s := ends_s - time.monotonic()) > 0:
        try:
            message = connection.recv(timeout=min(left_s, feed.budget.timeout_s))
        except ConnectionClosedOK:
            return
        except TimeoutError:
            if left_s <= feed.budget.timeout_s:
                return
            raise
        messages.append(message if isinstance(message, str) else message.decode("utf-8", errors="replace"))


def _rows(feed: Feed, data: bytes) -> pl.DataFrame | None:
    """What the messages say in the lake's columns; Refused where they cannot be read."""
    if not data or feed.format is None:
        return None
    return read_declared(load_formats().named(feed.format), data, "messages.jsonl", may_be_empty=True)


def _holes(feed: Feed, rows: pl.DataFrame, since_us: int | None) -> tuple[Hole, ...]:
    if feed.table == "trades":
        return missing_trades(rows)
    return () if feed.interval_us is None else missing_bars(rows, feed.interval_us, since_us)
