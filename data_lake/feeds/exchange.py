"""Exchanges over REST by ccxt: bars, trades, funding and own fills, page after page, each page a file; balances, transfers."""

import json
import re
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import urlsplit

from data_lake.feeds.account import (
    ACCOUNT_TABLES,
    FILL_WINDOW_MS,
    TRANSFER_WINDOW_MS,
    balance_rows,
    fill_rows,
    refuse_powerful_key,
    transfer_rows,
)
from data_lake.feeds.declaration import Feed
from data_lake.feeds.landing import Fetched, Landing
from data_lake.unpack import first_line
from domain.errors import Refused, Unreachable
from domain.market import Market
from domain.times import US_PER_DAY, US_PER_HOUR

_US_PER_MS = 1_000
_WITHOUT_START_US = 7 * US_PER_DAY

_KLINES = {Market.SPOT: "publicGetKlines", Market.LINEAR: "fapiPublicGetKlines", Market.INVERSE: "dapiPublicGetKlines"}
"""The calls that give quote volume, trade count and taker volume, which the unified `fetch_ohlcv` drops."""
_KLINE_EXCHANGES = frozenset({"binance", "binanceus", "binanceusdm", "binancecoinm"})
_KINDS = {Market.SPOT: "spot", Market.LINEAR: "linear", Market.INVERSE: "inverse"}
_WINDOW_ROWS = 100
"""Many exchanges look only a window ahead of the start: nothing in it is no end. None is known to look less far."""
_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9._-]")

Answer = TypeVar("Answer")
Page = tuple[Any, int | None]
"""What an answer held, as JSON, and where the next page starts (ms); None after the last one."""


@dataclass(frozen=True)
class _Span:
    """Of event times, milliseconds: since <= t < until."""

    since_ms: int
    until_ms: int


class ExchangeTransport:
    """`ccxt://<exchange>`; the feed's `endpoint` stands for every address of the exchange where it is given."""

    def __init__(self, secrets: Mapping[str, str]) -> None:
        self._secrets = secrets

    def fetch(self, feed: Feed, since_us: int | None, into: Landing) -> tuple[Fetched, ...]:
        """Land a file for each page of each symbol, from `since_us` (else the feed's start, else a week ago) to now.

        Raises Unreachable where the exchange stops answering, Refused where it refuses; the pages before stay landed.
        """
        first_us = since_us if since_us is not None else feed.start_us
        return self.fetch_range(feed, first_us if first_us is not None else into.now_us - _WITHOUT_START_US, into.now_us, into)

    def fetch_range(self, feed: Feed, since_us: int, until_us: int, into: Landing) -> tuple[Fetched, ...]:
        """The same for since_us <= event time < until_us. Of bars, only those that have closed by the landing's clock."""
        exchange = _opened(feed, self._secrets)
        if feed.table in ACCOUNT_TABLES:
            _answered(feed, "key", lambda: refuse_powerful_key(feed, exchange))
        if feed.table in _WHOLE_ACCOUNT:
            return self._account(feed, exchange, since_us, until_us, into)
        last_us = until_us if feed.interval_us is None else min(until_us, into.now_us - feed.interval_us + 1)
        span = _Span(-(-since_us // _US_PER_MS), -(-last_us // _US_PER_MS))
        for symbol in feed.symbols:
            for start_ms, rows in self._pages(feed, exchange, symbol, span, into):
                origin = f"{feed.url}/{feed.table}/{symbol}/{feed.interval or ''}/{start_ms}-{span.until_ms}"
                name = f"{_NOT_IN_NAMES.sub('-', symbol)}-{feed.table}-{start_ms}.json"
                into.land(origin, name, json.dumps(rows).encode(), symbol=symbol)
        return tuple(into.fetched)

    def _account(self, feed: Feed, exchange: Any, since_us: int, until_us: int, into: Landing) -> tuple[Fetched, ...]:
        """Balances as they are; transfers a stretch of time after another."""
        now_ms, start_ms, end_ms = into.now_us // _US_PER_MS, -(-since_us // _US_PER_MS), -(-until_us // _US_PER_MS)
        spans = [_Span(now_ms, now_ms)]
        if feed.table == "transfers":
            starts = range(start_ms, end_ms, TRANSFER_WINDOW_MS)
            spans = [_Span(first, min(first + TRANSFER_WINDOW_MS, end_ms)) for first in starts]
        for span in spans:
            into.check_deadline(f"{feed.url} {feed.table}")
            rows = _answered(feed, feed.table, lambda: _of_account(feed, exchange, span))  # noqa: B023
            if rows:
                origin = f"{feed.url}/{feed.table}/{feed.account}/{span.since_ms}-{span.until_ms}"
                into.land(origin, f"{feed.table}-{span.since_ms}.json", json.dumps(rows).encode())
        return tuple(into.fetched)

    def _pages(self, feed: Feed, exchange: Any, symbol: str, span: _Span, into: Landing) -> Iterator[tuple[int, Any]]:
        if feed.table not in _PAGED:
            raise Refused(f"feed {feed.name}: expected one of {sorted({*_PAGED, *_WHOLE_ACCOUNT})} by REST, got {feed.table}")
        ask = _PAGED[feed.table]
        start_ms: int | None = span.since_ms
        while start_ms is not None and start_ms < span.until_ms:
            into.check_deadline(f"{feed.url} {symbol}")
            here = start_ms
            rows, start_ms = _answered(feed, symbol, lambda: ask(feed, exchange, symbol, _Span(here, span.until_ms)))  # noqa: B023
            if rows:
                yield here, rows


def _bars(feed: Feed, exchange: Any, symbol: str, span: _Span) -> Page:
    assert feed.interval_us is not None
    limit, step_ms = feed.budget.page_rows, feed.interval_us // _US_PER_MS
    if exchange.id in _KLINE_EXCHANGES:
        asked = {
            "symbol": symbol, "interval": exchange.timeframes[feed.interval], "startTime": span.since_ms,
            "endTime": span.until_ms - 1, "limit": limit,
        }  # fmt: skip
        rows = getattr(exchange, _KLINES[feed.market])(asked)
    else:
        rows = exchange.fetch_ohlcv(_unified(feed, exchange, symbol), feed.interval, since=span.since_ms, limit=limit)
        if not rows:
            return [], _next(span, span.since_ms + min(limit, _WINDOW_ROWS) * step_ms)
    return _within(rows, span), _after(rows, span, int(rows[-1][0]) + step_ms if rows else None)


def _trades(feed: Feed, exchange: Any, symbol: str, span: _Span) -> Page:
    limit = feed.budget.page_rows
    trades = exchange.fetch_trades(_unified(feed, exchange, symbol), since=span.since_ms, limit=limit)
    rows = [
        [trade["timestamp"], trade["id"], trade.get("type"), trade["side"], trade["price"], trade["amount"], trade.get("cost")]
        for trade in trades
    ]
    if not rows:
        # an exchange looks only so far ahead: no trade there is no end
        return [], _next(span, span.since_ms + US_PER_HOUR // _US_PER_MS)
    last_ms = int(rows[-1][0])
    if len(rows) < limit:
        return _within(rows, span), _next(span, last_ms + 1)
    if last_ms <= span.since_ms:
        raise Refused(f"{feed.url} {symbol}: {limit} trades and more in one millisecond: raise page_rows in the feed's budget")
    # the last millisecond may hold more trades than the page showed: it is asked for again
    return _within(rows, span), _next(span, last_ms)


def _funding(feed: Feed, exchange: Any, symbol: str, span: _Span) -> Page:
    found = exchange.fetch_funding_rate_history(
        _unified(feed, exchange, symbol), since=span.since_ms, limit=feed.budget.page_rows
    )
    rows = [[rate["timestamp"], rate["fundingRate"]] for rate in found]
    return _within(rows, span), _after(rows, span, int(rows[-1][0]) + 1 if rows else None)


def _fills(feed: Feed, exchange: Any, symbol: str, span: _Span) -> Page:
    limit = feed.budget.page_rows
    fills = exchange.fetch_my_trades(_unified(feed, exchange, symbol), since=span.since_ms, limit=limit)
    rows = fill_rows(feed, fills)
    if not rows:
        return [], _next(span, span.since_ms + FILL_WINDOW_MS)
    last_ms = int(rows[-1][0])
    if len(rows) < limit:
        return _within(rows, span), _next(span, last_ms + 1)
    if last_ms <= span.since_ms:
        raise Refused(f"{feed.url} {symbol}: {limit} fills and more in one millisecond: raise page_rows in the feed's budget")
    return _within(rows, span), _next(span, last_ms)


def _of_account(feed: Feed, exchange: Any, span: _Span) -> list[list[Any]]:
    if feed.table == "balances":
        return balance_rows(feed, exchange, span.since_ms)
    return transfer_rows(feed, exchange, span.since_ms, span.until_ms)


_PAGED: Mapping[str, Callable[[Feed, Any, str, _Span], Page]] = {
    "bars": _bars, "trades": _trades, "funding": _funding, "fills": _fills,
}  # fmt: skip
_WHOLE_ACCOUNT = frozenset({"balances", "transfers"})


def _within(rows: list[Any], span: _Span) -> list[Any]:
    return [row for row in rows if span.since_ms <= int(row[0]) < span.until_ms]


def _after(rows: list[Any], span: _Span, next_ms: int | None) -> int | None:
    return None if not rows or next_ms is None else _next(span, next_ms)


def _next(span: _Span, next_ms: int) -> int | None:
    """The next start, where it is inside and further on: an exchange that repeats itself must not be asked for ever."""
    if next_ms >= span.until_ms or next_ms <= span.since_ms:
        return None
    return next_ms


def _opened(feed: Feed, secrets: Mapping[str, str]) -> Any:
    import ccxt

    name = urlsplit(feed.url).netloc
    if name not in ccxt.exchanges:
        raise Refused(f"{feed.url}: ccxt knows no exchange {name!r}: see `ccxt.exchanges`")
    asked = {"enableRateLimit": True, "timeout": int(feed.budget.timeout_s * 1000)}
    keys = {"apiKey": secrets.get("access_key"), "secret": secrets.get("secret_key"), "password": secrets.get("password")}
    exchange = getattr(ccxt, name)(asked | {key: value for key, value in keys.items() if value})
    exchange.options |= {"fetchCurrencies": False, "fetchMargins": False}  # private calls that nothing here needs
    if name in _KLINE_EXCHANGES:
        exchange.options["fetchMarkets"] = {"types": [_KINDS[feed.market]]}
    if feed.endpoint is not None:
        exchange.urls["api"] = _redirected(exchange.urls["api"], feed.endpoint.rstrip("/"))
    return exchange


def _redirected(addresses: Any, endpoint: str) -> Any:
    """Every address of the exchange at another host, each under its own path."""
    if isinstance(addresses, Mapping):
        return {key: _redirected(value, endpoint) for key, value in addresses.items()}
    return endpoint + urlsplit(addresses).path


def _unified(feed: Feed, exchange: Any, symbol: str) -> str:
    """ccxt's name of the venue's symbol in the feed's market."""
    exchange.load_markets()
    for market in exchange.markets_by_id.get(symbol, ()):
        if market.get(feed.market.value):
            return str(market["symbol"])
    raise Refused(f"feed {feed.name}: {exchange.id} has no {feed.market.value} market {symbol!r}: correct symbols or market")


def _answered(feed: Feed, symbol: str, ask: Callable[[], Answer]) -> Answer:
    """An answer within the attempts of the budget; ccxt's errors as the house's own."""
    import ccxt

    for attempt in range(feed.budget.attempts):
        time.sleep(feed.budget.pause_before(attempt))
        try:
            return ask()
        except ccxt.OperationFailed as error:
            if attempt + 1 == feed.budget.attempts:
                raise Unreachable(
                    f"{feed.url} {symbol}: {type(error).__name__}: {first_line(error)}; fetch again later"
                ) from None
        except ccxt.BaseError as error:
            raise Refused(f"{feed.url} {symbol}: {type(error).__name__}: {first_line(error)}") from None
    raise AssertionError("a budget has at least one attempt")


def _said(feed: Feed, symbol: str, error: Exception) -> str:
    return f"{feed.url} {symbol}: {type(error).__name__}: {first_line(error)}"
