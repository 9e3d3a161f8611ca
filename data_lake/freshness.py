"""Is a feed as fresh as it was declared? Judged symbol by symbol, by event time."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from data_lake.feeds.declaration import Feed
from data_lake.findings import Finding, Severity
from data_lake.read import Series
from data_lake.schema import INSTRUMENTS, versioned_table
from domain.market import Market
from domain.times import US_PER_HOUR

if TYPE_CHECKING:
    from data_lake.lake import Lake

_ENDED = frozenset({"delisted", "halted"})


def stale_findings(feed: Feed, series: Sequence[Series], moment_us: int, ended: Collection[str] = ()) -> tuple[Finding, ...]:
    """Symbols of the feed whose newest complete event is older at `moment_us` than the feed declares; none where it does not.

    `series`: what the lake holds, of any table. `ended`: symbols from which nothing more is due; these are only worth knowing.
    A declared symbol that never came is amber, as it may not be listed yet. In the order of the feed's symbols.
    """
    if feed.stale_after_hours is None:
        return ()
    return tuple(_findings(feed, newest_by_symbol(feed, series), moment_us, ended))


def newest_by_symbol(feed: Feed, series: Sequence[Series]) -> Mapping[str, int]:
    """When the newest event of each symbol of the feed was complete, microseconds; symbols that never came are absent."""
    place = (feed.table, feed.venue, feed.market)
    mine = [item for item in series if (item.table, item.venue, item.market) == place and item.symbol in feed.symbols]
    return {item.symbol: item.last_us + (item.interval_us or 0) for item in mine if feed.interval_us in (None, item.interval_us)}


def _findings(feed: Feed, newest: Mapping[str, int], moment_us: int, ended: Collection[str]) -> Iterator[Finding]:
    allowed_us = int((feed.stale_after_hours or 0) * US_PER_HOUR)
    for symbol in feed.symbols:
        place = (feed.venue, feed.market.value, symbol, feed.interval_us)
        newest_us = newest.get(symbol)
        if newest_us is None:
            yield Finding("never_came", Severity.AMBER, *place, None, {"feed": feed.name})
        elif moment_us - newest_us > allowed_us:
            severity = Severity.INFO if symbol in ended else Severity.RED
            evidence = {"feed": feed.name, "age_us": moment_us - newest_us, "allowed_us": allowed_us}
            yield Finding("stale", severity, *place, newest_us, evidence)


def ended_symbols(lake: "Lake", venue: str, market: Market, moment_us: int, as_of_us: int) -> frozenset[str]:
    """Symbols that the instruments table, as known at `as_of_us`, calls delisted or halted at `moment_us`."""
    rows = lake.read(INSTRUMENTS.name, venue=venue, market=market, start_us=-(2**62), end_us=moment_us, as_of_us=as_of_us)
    last = dict(zip(rows["symbol"].to_pylist(), rows["status"].to_pylist(), strict=True))
    return frozenset(symbol for symbol, status in last.items() if status in _ENDED)


def sources_of(lake: "Lake", table: str, venue: str, market: Market, interval_us: int | None, as_of_us: int) -> frozenset[str]:
    """Every source that said something of this table by `as_of_us`, confirmations included."""
    declared = versioned_table(table)
    where, parameters = "venue = ? AND market = ? AND knowledge_time <= ?", [venue, market.value, as_of_us]
    if interval_us is not None:
        where, parameters = f"{where} AND interval_us = ?", [*parameters, interval_us]
    names = (declared.current, declared.superseded, declared.observations)
    sql = " UNION ".join(f"SELECT source FROM {name} WHERE {where}" for name in names)
    return frozenset(source for (source,) in lake.query(sql, parameters * len(names)))
