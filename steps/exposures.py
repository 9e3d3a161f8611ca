"""Who read what of the lake, on record before it is shown: whoever has seen a stretch can no longer be surprised by it."""

import getpass
import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from domain.market import Market
from ledger.log import Log
from steps.home import Home
from steps.trust import open_log

if TYPE_CHECKING:
    from steps.as_of_view import DataView

EXPOSURE = "exposure"
LATEST = "latest"


def by_whom() -> str:
    """FACTORY_USER, or the user of this machine."""
    named = os.environ.get("FACTORY_USER", "").strip()
    if named:
        return named
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "unknown"


def exposure_of_view(table: str, view: "DataView", by: str, word: str) -> dict[str, Any]:
    """A read of one table over a whole view."""
    return {
        "table": table,
        "venue": view.venue,
        "market": view.market.value,
        "symbols": list(view.symbols),
        "start_us": view.start_us,
        "end_us": view.end_us,
        "as_of": view.as_of_us,
        "by": by,
        "word": word,
    }


def record_read(
    home: Home,
    word: str,
    table: str,
    venue: str,
    market: Market,
    symbols: Sequence[str] | None,
    start_us: int,
    end_us: int,
    as_of_us: int | None,
) -> None:
    """Put a read outside a backtest on record before its rows are shown; `symbols` None means all of them."""
    body = {
        "table": table,
        "venue": venue,
        "market": market.value,
        "symbols": None if symbols is None else sorted(symbols),
        "start_us": start_us,
        "end_us": end_us,
        "as_of": LATEST if as_of_us is None else as_of_us,
        "by": by_whom(),
        "word": word,
    }
    open_log(home).append(EXPOSURE, body)


def record_query(home: Home, query: str) -> None:
    """Put a question in SQL on record, in its own words: which tables and times it touches is in them."""
    open_log(home).append(EXPOSURE, {"query": " ".join(query.split()), "by": by_whom(), "word": "sql"})


def exposed(log: Log, view: "DataView") -> dict[str, Any]:
    """How often any of the view's bars were read before, by whom, up to when; SQL questions are counted apart."""
    reads, people, queries, until_us = 0, set(), 0, None
    for entry in log.entries(EXPOSURE):
        body = entry.body
        if "query" in body:
            queries += 1
        elif (
            (body["table"], body["venue"], body["market"]) == ("bars", view.venue, view.market.value)
            and (body["start_us"] < view.end_us and body["end_us"] > view.start_us)
            and (body["symbols"] is None or set(body["symbols"]) & set(view.symbols))
        ):
            reads += 1
            people.add(body["by"])
            until_us = max(until_us or 0, min(body["end_us"], view.end_us))
    return {"reads": reads, "by": sorted(people), "sql": queries, "until_us": until_us}
