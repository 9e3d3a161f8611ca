"""Bars, trades and funding by REST and by websocket: paging, resume, gaps, and exchanges that do not answer."""

import json
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from data_lake.lake import Lake
from domain.errors import Refused
from domain.market import Market
from domain.times import US_PER_HOUR
from steps.feeds import fetch_feed
from steps.home import Home
from tests.integration import feed_servers as servers
from tests.integration.feed_world import (
    BARS,
    HOURS,
    NOW_US,
    START_US,
    SYMBOLS,
    declared,
    digest,
    fetch,
    klines,
    messages,
    recording,
    rest_feed,
    stream_feed,
)


def test_rest_pages_go_on_from_what_the_lake_holds_and_a_busy_exchange_is_asked_again(tmp_path: Path, expected: str) -> None:
    home = Home(tmp_path / "home")
    half = {symbol: klines(symbol)[:40] for symbol in SYMBOLS}
    with servers.exchange(half) as (endpoint, handler):
        feeds = declared(rest_feed("a-feed", endpoint))
        handler.fails.append(503)
        assert fetch(home, feeds)["accepted"] == 40 * len(SYMBOLS)
        handler.klines = {symbol: klines(symbol) for symbol in SYMBOLS}
        handler.asked.clear()
        assert fetch(home, feeds, NOW_US + US_PER_HOUR)["accepted"] == 32 * len(SYMBOLS)
        first_missing_ms = START_US // 1_000 + 40 * 3_600_000
        assert f"startTime={first_missing_ms}" in handler.asked[0]
        assert len(handler.asked) == 2 * len(SYMBOLS) + 2  # 32 bars are two pages of 25; a full page may hide another
    assert digest(home) == expected


def test_an_exchange_that_stays_away_is_unreachable_and_one_that_refuses_is_refused(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    with servers.exchange({symbol: klines(symbol) for symbol in SYMBOLS}) as (endpoint, handler):
        feeds = declared(rest_feed("a-feed", endpoint))
        handler.fails += [503] * 3
        assert "fetch again later" in fetch(home, feeds)["unreachable"]
        handler.fails += [400] * 3
        with pytest.raises(Refused, match="ccxt://binance BTCUSDT"):
            fetch(home, feeds)


def test_gaps_of_a_stream_are_filled_by_rest_and_left_as_findings(tmp_path: Path, expected: str) -> None:
    home = Home(tmp_path / "home")
    with ExitStack() as stack:
        endpoint, handler = stack.enter_context(servers.exchange({symbol: klines(symbol) for symbol in SYMBOLS}))
        url, said = stack.enter_context(servers.stream(recording()))
        report = fetch(home, declared(stream_feed(url), rest_feed("refill", endpoint)))
    assert json.loads(said[1])["params"] == ["btcusdt@kline_1h", "ethusdt@kline_1h"]
    assert [(gap["symbol"], gap["missing"]) for gap in report["gaps"]] == [(symbol, n) for symbol in SYMBOLS for n in (3, 4)]
    assert len(handler.asked) == 4
    with Lake(home.root, threads=1) as lake:
        found = lake.findings().to_pylist()
    hours = sorted((row["symbol"], (row["at_us"] - START_US) // US_PER_HOUR) for row in found if row["kind"] == "sequence_gap")
    assert hours == [(symbol, hour) for symbol in SYMBOLS for hour in (10, 30)]
    assert digest(home) == expected


def test_a_gap_that_nothing_fills_is_said_and_stays_open(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    with servers.stream(recording()) as (url, _):
        report = fetch(home, declared({**stream_feed(url), "resync": None}))
    assert report["accepted"] == (HOURS - 7) * len(SYMBOLS)
    assert {gap["filled_by"] for gap in report["gaps"]} == {None}


def test_a_bar_that_closes_while_the_stream_is_heard_is_whole(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    with servers.stream([[item for symbol in SYMBOLS for item in messages(symbol)]]) as (url, _):
        feeds = declared({**stream_feed(url), "resync": None, "known_at": "received"})
        report = fetch_feed(home, "a-feed", feeds=feeds, received_us=START_US + 10 * US_PER_HOUR, clock=lambda: NOW_US)
    assert (report["accepted"], report["quarantined"]) == (HOURS * len(SYMBOLS), 0)
    with Lake(home.root, threads=1) as lake:
        query = {"venue": "binance", "market": Market.SPOT, "start_us": 0, "end_us": NOW_US}
        held = lake.read("bars", **query, as_of_us=NOW_US)
        assert lake.read("bars", **query, as_of_us=NOW_US - 1).num_rows == 0
    assert set(held["knowledge_time"].to_pylist()) == {NOW_US}


def test_another_exchange_comes_by_the_unified_call_across_a_halt_longer_than_a_page(tmp_path: Path) -> None:
    home, hours = Home(tmp_path / "home"), [*range(20), *range(60, 72)]
    rows = [[START_US / 1e6 + hour * 3_600, 90.0 + hour, 110.0 + hour, 100.0 + hour, 101.0 + hour, 5.0 + hour] for hour in hours]
    with servers.candles("BTC-USD", rows) as endpoint:
        feed = {
            **BARS, "url": "ccxt://coinbaseexchange", "endpoint": endpoint, "format": "ccxt_ohlcv", "venue": "coinbase",
            "symbols": ["BTC-USD"],
        }  # fmt: skip
        assert fetch(home, declared(feed), START_US + 80 * US_PER_HOUR)["accepted"] == len(hours)
    with Lake(home.root, threads=1) as lake:
        held = lake.read("bars", venue="coinbase", market=Market.SPOT, start_us=START_US, end_us=NOW_US, as_of_us=NOW_US)
    assert set(held["symbol"].to_pylist()) == {"BTC-USD"}
    assert [(time - START_US) // US_PER_HOUR for time in held["open_time"].to_pylist()] == hours
    assert held.select(["open", "high", "low", "close", "volume"]).to_pylist()[0] == {
        "open": 100.0, "high": 110.0, "low": 90.0, "close": 101.0, "volume": 5.0,
    }  # fmt: skip


def test_funding_comes_by_rest_page_by_page(tmp_path: Path) -> None:
    home, step_ms = Home(tmp_path / "home"), 8 * 3_600_000
    times_ms = [START_US // 1_000 + number * step_ms for number in range(60)]
    rates = [{"symbol": "BTCUSDT", "fundingRate": f"0.00{n:03}", "fundingTime": ms} for n, ms in enumerate(times_ms, start=1)]
    with servers.exchange({}, funding={"BTCUSDT": rates}) as (endpoint, _):
        feed = {
            **BARS, "url": "ccxt://binance", "endpoint": endpoint, "format": "ccxt_funding", "table": "funding",
            "market": "linear", "interval": None, "symbols": ["BTCUSDT"],
        }  # fmt: skip
        assert fetch(home, declared(feed))["accepted"] == 60
    with Lake(home.root, threads=1) as lake:
        held = lake.read(
            "funding", venue="binance", market=Market.LINEAR, start_us=START_US, end_us=NOW_US, as_of_us=NOW_US
        ).to_pydict()
    assert held["funding_time"] == [int(rate["fundingTime"]) * 1_000 for rate in rates]
    assert held["funding_rate"] == [float(str(rate["fundingRate"])) for rate in rates]


TRADES = {**BARS, "table": "trades", "interval": None, "symbols": ["BTCUSDT"], "publication_lag_s": 1}


def trades() -> list[dict[str, Any]]:
    """60 aggregated trades over three hours with an hour of silence; four at a time share a millisecond."""
    made = []
    for number in range(60):
        at_ms = START_US // 1_000 + (number // 4) * 300_000 + (5_000_000 if number >= 40 else 0)
        sizes = {"p": f"{40_000 + number}.5", "q": f"0.0{number + 1:02}", "f": number, "l": number}
        made.append({"a": 1_000 + number, "T": at_ms, "m": number % 3 == 0, "M": True, **sizes})
    return made


def trade_file(folder: Path) -> Path:
    """The same trades as one file of rows, as ccxt names their parts."""
    sides = {True: "sell", False: "buy"}
    rows = [[item["T"], str(item["a"]), None, sides[item["m"]], float(item["p"]), float(item["q"]), None] for item in trades()]
    folder.mkdir(exist_ok=True)
    (folder / "BTCUSDT-trades.json").write_text(json.dumps(rows))
    return folder


def test_trades_by_file_by_rest_and_by_a_stream_with_gaps_give_the_same_lake(tmp_path: Path) -> None:
    sent = [json.dumps({"e": "aggTrade", "E": item["T"] + 3, "s": "BTCUSDT", **item}) for item in trades()]
    broken = [[*sent[:10], sent[4], sent[21], sent[20], *sent[22:30]], sent[33:]]
    digests, reports = [], []
    with ExitStack() as stack:
        endpoint, _ = stack.enter_context(servers.exchange({}, trades={"BTCUSDT": trades()}))
        url, _said = stack.enter_context(servers.stream(broken))
        rest = {**TRADES, "url": "ccxt://binance", "endpoint": endpoint, "format": "ccxt_trades", "budget": {"page_rows": 7}}
        stream = {
            **TRADES, "url": url, "subscribe": "{symbol_lower}@aggTrade", "format": "binance_agg_trade_stream",
            "resync": "refill",
        }  # fmt: skip
        file = {**TRADES, "url": f"file://{trade_file(tmp_path / 'vendor')}/*.json", "format": "ccxt_trades"}
        for name, feeds in {"file": [file], "rest": [rest], "stream": [stream, {**rest, "name": "refill"}]}.items():
            home = Home(tmp_path / name)
            reports.append(fetch(home, declared(*feeds)))
            with Lake(home.root, threads=1) as lake:
                digests.append(lake.content_digest("binance", Market.SPOT, None, NOW_US, table="trades"))
                assert sum(series.rows for series in lake.describe()) == len(trades())
    assert len(set(digests)) == 1
    assert [gap["missing"] for gap in reports[-1]["gaps"]] == [10, 3]


def test_more_trades_in_a_millisecond_than_a_page_shows_are_refused_not_lost(tmp_path: Path) -> None:
    with servers.exchange({}, trades={"BTCUSDT": trades()}) as (endpoint, _):
        feed = {**TRADES, "url": "ccxt://binance", "endpoint": endpoint, "format": "ccxt_trades", "budget": {"page_rows": 4}}
        with pytest.raises(Refused, match="raise page_rows"):
            fetch(Home(tmp_path / "home"), declared(feed))
