"""`factory feeds` and `factory fetch`: what is declared, when it last came, and bringing it into the lake."""

import fcntl
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from data_lake.delivery import KnownAt
from data_lake.feeds.declaration import Feed, Feeds, load_feeds
from data_lake.feeds.landing import Fetched, Landing
from data_lake.feeds.transport import transport_of
from data_lake.formats_declared import load_formats
from data_lake.freshness import newest_by_symbol
from data_lake.ingest import IngestReport
from data_lake.lake import Lake
from data_lake.read import Series
from domain.errors import Refused, Unreachable
from domain.times import US_PER_DAY, US_PER_SECOND, iso, parse_utc
from durable.files import write_durably
from steps.home import Home
from steps.ingest import now_us

WAIT_S = 1_800.0
"""For a run that holds the home when a fetch is ready to deliver."""
_PENDING_US = 30 * US_PER_DAY
"""A transfer is told once it is finished, under the time at which it was asked for: how far back such ones are looked for."""
_COUNTS = ("accepted", "unchanged", "revised", "quarantined", "findings")


def list_feeds(home: Home, feeds: Feeds | None = None) -> list[dict[str, Any]]:
    """Every declared feed with its last fetch and the newest event that the lake holds of it."""
    declared = feeds or load_feeds()
    at_us = now_us()
    with Lake(home.root) as lake:
        held = _held(lake)
    rows = []
    for feed in declared.feeds:
        newest = [held[key] for key in _keys(feed) if key in held]
        newest_us = max(newest) + (feed.interval_us or 0) if newest else None
        rows.append(
            {
                "feed": feed.name,
                "transport": feed.transport,
                "table": feed.table,
                "venue": feed.venue,
                "market": feed.market.value,
                "interval": feed.interval,
                "schedule": feed.schedule,
                "last_fetch": _last_fetch(home, feed).get("at"),
                "last_outcome": _last_fetch(home, feed).get("outcome"),
                "newest_event": None if newest_us is None else iso(newest_us),
                "age_s": None if newest_us is None else (at_us - newest_us) // US_PER_SECOND,
            }
        )
    return rows


def fetch_feed(
    home: Home,
    name: str,
    since: str | None = None,
    *,
    feeds: Feeds | None = None,
    environment: Mapping[str, str] | None = None,
    received_us: int | None = None,
    clock: Callable[[], int] | None = None,
) -> dict[str, Any]:
    """Fetch what is new of a feed and take it into the lake.

    `received_us`: when the fetch begins, and `clock` what it reads while it goes on; both the machine's where left out.
    The home is held only while the lake takes the data in: a stream that is heard for an hour keeps no run waiting.
    The answer's `unreachable` says where the other side stopped answering; what came before is in the lake, and the next fetch
    goes on from there. Raises Refused where the feed, its credentials or everything that came is bad.
    """
    declared = feeds or load_feeds()
    feed = declared.named(name)
    at_us = now_us() if received_us is None else received_us
    failure: Refused | Unreachable | None = None
    with _alone(home, feed):
        landing = Landing(home.root, feed, at_us, now_us if received_us is None else clock)
        try:
            for part, since_us in _asked(home, feed, since):
                transport_of(part, declared, os.environ if environment is None else environment).fetch(part, since_us, landing)
        except (Refused, Unreachable) as error:
            failure = error
        with home.locked(wait_s=WAIT_S), Lake(home.root) as lake:
            taken = [_deliver(lake, each) for each in (landing, *landing.refills)]
            snapshot, held = lake.snapshot(), lake.describe()
    reports = [report for each in taken for report in each.reports]
    refusals = [refusal for each in taken for refusal in each.refusals]
    if failure is None and refusals and not reports:
        failure = Refused("; ".join(refusals))
    answer = _answer(feed, landing, reports, refusals, snapshot, failure) | {"held": _rows_held(feed, held)}
    write_durably(_last_path(home, feed), json.dumps({"at": iso(at_us), "outcome": answer["outcome"]}).encode())
    if isinstance(failure, Refused):
        raise failure
    return answer


@contextmanager
def _alone(home: Home, feed: Feed) -> Iterator[None]:
    """One fetch of a feed at a time: two would write one half-done download."""
    folder = home.root / "fetching" / feed.name
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Refused(f"another fetch of {feed.name} is under way: wait until it has finished") from None
        yield


def _asked(home: Home, feed: Feed, since: str | None) -> Iterator[tuple[Feed, int | None]]:
    """The feed with where to start: as told; for an exchange, from what the lake holds of each symbol."""
    if since is not None:
        yield feed, parse_utc(since)
        return
    if feed.transport not in ("ccxt", "ws"):
        yield feed, None
        return
    with Lake(home.root) as lake:
        held = _held(lake)
    if not feed.symbols:
        # a whole account: from its newest row on, of whatever asset
        place = (feed.table, feed.venue, feed.market)
        newest_us = max((last_us for key, last_us in held.items() if key[:3] == place), default=None)
        yield feed, None if newest_us is None else newest_us - _PENDING_US
        return
    starts: dict[int | None, list[str]] = {}
    for symbol, key in zip(feed.symbols, _keys(feed), strict=True):
        starts.setdefault(_after(feed, held.get(key)), []).append(symbol)
    if feed.transport == "ws":
        # one connection for all: what the lake lacks before the stream is known only where the symbols agree
        yield feed, next(iter(starts)) if len(starts) == 1 else None
        return
    for start_us, symbols in starts.items():
        yield feed.model_copy(update={"symbols": tuple(symbols)}), start_us


def _after(feed: Feed, last_us: int | None) -> int | None:
    if last_us is None or feed.table in ("trades", "fills", "transfers"):
        return last_us  # more of them may share the last moment
    return last_us + (feed.interval_us or 1)


def _held(lake: Lake) -> dict[tuple[Any, ...], int]:
    return {(row.table, row.venue, row.market, row.interval_us, row.symbol): row.last_us for row in lake.describe()}


def _keys(feed: Feed) -> list[tuple[Any, ...]]:
    return [(feed.table, feed.venue, feed.market, feed.interval_us, symbol) for symbol in feed.symbols]


@dataclass
class _Taken:
    """What the lake took of a landing, and what it refused: one bad delivery does not hold up the other."""

    reports: list[IngestReport] = field(default_factory=list)
    refusals: list[str] = field(default_factory=list)
    refused: list[Fetched] = field(default_factory=list)


def _deliver(lake: Lake, landing: Landing) -> _Taken:
    """What is new as one delivery, what replaces an earlier file as another, known from now on; then the landing's memory."""
    feed = landing.feed
    known_at: KnownAt
    known_at = feed.known_at if feed.known_at in ("published", "received") else parse_utc(feed.known_at)  # type: ignore[assignment]
    new = [file for file in landing.fetched if file.replaces is None]
    replaced = [file for file in landing.fetched if file.replaces is not None]
    taken = _Taken()
    for files, known in ((new, known_at), (replaced, "received")):
        if not files:
            continue
        try:
            with _staged(landing, files) as paths:
                taken.reports.append(
                    lake.ingest(
                        paths, feed.table, venue=feed.venue, market=feed.market, interval_us=feed.interval_us, known_at=known,
                        received_us=landing.received_us(), source=feed.name, lag_us=feed.lag_us, form=_form(landing, files),
                    )
                )  # fmt: skip
        except Refused as refusal:
            taken.refusals.append(str(refusal))
            taken.refused += files
    landing.remember(taken.refused)
    return taken


def _form(landing: Landing, files: Sequence[Fetched]) -> dict[str, Any]:
    declared = None if landing.feed.format is None else load_formats().named(landing.feed.format).model_dump(mode="json")
    return {
        "format": declared,
        "checksums": {file.name: file.stated_checksum for file in files if file.stated_checksum is not None},
        "symbols": {file.name: file.symbol for file in files if file.symbol is not None},
        "gaps": [{"symbol": gap.symbol, "at_us": gap.at_us, "evidence": dict(gap.evidence)} for gap in landing.gaps],
    }


@contextmanager
def _staged(landing: Landing, files: Sequence[Fetched]) -> Iterator[list[Path]]:
    """The fetched files under their own names: other names of the same bytes, gone afterwards."""
    landing.folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="delivery-", dir=landing.folder) as folder:
        place = Path(folder) / landing.feed.name
        place.mkdir()
        for file in files:
            _name(file.path, place / file.name)
        yield [place / file.name for file in files]


def _name(stored: Path, path: Path) -> None:
    try:
        path.hardlink_to(stored)
    except OSError:  # a file system without links
        shutil.copyfile(stored, path)


def _answer(
    feed: Feed,
    landing: Landing,
    reports: Sequence[IngestReport],
    refusals: Sequence[str],
    snapshot: int,
    failure: Exception | None,
) -> dict[str, Any]:
    fetched = [file for each in (landing, *landing.refills) for file in each.fetched]
    counts = {name: sum(getattr(report, name) for report in reports) for name in _COUNTS}
    outcome = f"{len(fetched)} files, {counts['accepted'] + counts['revised']:,} rows new"
    return {
        "feed": feed.name,
        "outcome": outcome if failure is None else str(failure),
        "files": [{"origin": file.origin, "checksum": file.checksum, "replaces": file.replaces} for file in fetched],
        "absent": list(landing.absent),
        "gaps": [{"symbol": gap.symbol, "at": iso(gap.at_us), **gap.evidence} for gap in landing.gaps],
        **counts,
        "snapshot": snapshot,
        "reasons": [{"reason": reason, "rows": rows} for report in reports for reason, rows in report.reasons],
        "refused": list(refusals),
        "unreachable": str(failure) if isinstance(failure, Unreachable) else None,
    }


def _rows_held(feed: Feed, series: Sequence[Series]) -> list[dict[str, Any]]:
    """What the lake holds of each symbol that the feed speaks of, whoever brought it."""
    newest = newest_by_symbol(feed, series)
    wanted = set(_keys(feed))
    mine = [row for row in series if (row.table, row.venue, row.market, row.interval_us, row.symbol) in wanted]
    return [
        {"symbol": row.symbol, "rows": row.rows, "first": iso(row.first_us), "newest": iso(newest[row.symbol])} for row in mine
    ]


def _last_path(home: Home, feed: Feed) -> Path:
    return home.root / "fetching" / feed.name / "last.json"


def _last_fetch(home: Home, feed: Feed) -> dict[str, Any]:
    path = _last_path(home, feed)
    if not path.exists():
        return {}
    held: dict[str, Any] = json.loads(path.read_bytes())
    return held
