"""One contract for all transports, against real servers on loopback: the same data gives the same lake."""

import errno
import hashlib
import io
import json
import os
import zipfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from data_lake.feeds.declaration import Feeds
from data_lake.lake import Lake
from data_lake.rebuild import rebuild
from domain.errors import Refused
from domain.market import Market
from domain.times import US_PER_HOUR, parse_utc
from pipelines.cli import app
from steps.feeds import fetch_feed, list_feeds
from steps.home import Home
from tests.integration import feed_servers as servers

START_US = parse_utc("2024-01-01")
NOW_US = parse_utc("2024-02-02")
HOURS = 72
SYMBOLS = ("BTCUSDT", "ETHUSDT")
ENVIRONMENT = {"FEED_USER": servers.USER, "FEED_PASSWORD": servers.PASSWORD}
LOGIN = {"username": "FEED_USER", "password": "FEED_PASSWORD"}
BARS = {
    "name": "a-feed", "format": "binance_klines", "table": "bars", "venue": "binance", "market": "spot", "interval": "1h",
    "symbols": list(SYMBOLS), "start": "2024-01-01", "publication_lag_s": 60, "budget": {"timeout_s": 20, "page_rows": 25},
}  # fmt: skip
LAYOUT = "data/spot/monthly/klines/{symbol}/{interval}/{symbol}-{interval}-{month}.zip"


def klines(symbol: str, hours: int = HOURS) -> list[list[Any]]:
    """Bars as Binance's REST gives them; every number is another one."""
    rows = []
    for hour in range(hours):
        price = (40_000 if symbol == "BTCUSDT" else 2_000) + hour
        open_ms = START_US // 1_000 + hour * 3_600_000
        texts = [f"{price}.10", f"{price + 3}.50", f"{price - 2}.25", f"{price + 1}.00", f"{100 + hour}.5"]
        flow = [f"{price * 100}.75", 1_000 + hour, f"{40 + hour}.25", f"{price * 40}.5", "0"]
        rows.append([open_ms, *texts, open_ms + 3_599_999, *flow])
    return rows


def archive(rows: list[list[Any]], name: str) -> bytes:
    """The zip of the public archive around a CSV without header."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr(f"{name}.csv", "".join(",".join(map(str, row)) + "\n" for row in rows))
    return buffer.getvalue()


def publish(folder: Path, symbol: str, rows: list[list[Any]], stated: str | None = None) -> Path:
    """Put an archive and its .CHECKSUM where the public archive has them."""
    path = folder / LAYOUT.format(symbol=symbol, interval="1h", month="2024-01")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(archive(rows, path.stem))
    stated = stated or hashlib.sha256(path.read_bytes()).hexdigest()
    path.with_name(f"{path.name}.CHECKSUM").write_text(f"{stated}  {path.name}\n")
    return path


def messages(symbol: str) -> list[str]:
    """Of every bar an update while it is open and the closed bar, as the exchange's stream sends them."""
    sent = []
    for row in klines(symbol):
        names = ("t", "o", "h", "l", "c", "v", "T", "q", "n", "V", "Q", "B")
        bar = dict(zip(names, row, strict=True)) | {"s": symbol, "i": "1h"}
        for closed in (False, True):
            shown = bar | {"x": closed} | ({} if closed else {"c": bar["o"], "v": "0.5"})
            sent.append(json.dumps({"e": "kline", "E": row[6] + 1, "s": symbol, "k": shown}))
    return sent


def recording() -> list[list[str]]:
    """Bars 10 to 12 dropped, bar 5 twice, bars 20 and 21 out of order; the connection breaks at 30 and is back at 34."""
    sent = [[both[2 * hour : 2 * hour + 2] for hour in range(HOURS)] for both in map(messages, SYMBOLS)]
    hours = [bitcoin + ether for bitcoin, ether in zip(*sent, strict=True)]
    first = [*hours[:10], hours[5], *hours[13:20], hours[21], hours[20], *hours[22:30]]
    return [[item for hour in part for item in hour] for part in (first, hours[34:])]


def declared(*feeds: dict[str, Any]) -> Feeds:
    return Feeds.parse({"feeds": list(feeds)}, "test")


@pytest.fixture
def archives(tmp_path: Path) -> Path:
    for symbol in SYMBOLS:
        publish(tmp_path / "vendor", symbol, klines(symbol))
    return tmp_path / "vendor"


@contextmanager
def over_local(folder: Path) -> Iterator[Feeds]:
    yield declared({**BARS, "url": f"file://{folder}/{LAYOUT}", "checksum": ".CHECKSUM"})


@contextmanager
def over_http(folder: Path) -> Iterator[Feeds]:
    with servers.http_files(folder) as (address, _):
        yield declared({**BARS, "url": f"{address}/{LAYOUT}", "checksum": ".CHECKSUM"})


@contextmanager
def over_ftp(folder: Path) -> Iterator[Feeds]:
    with servers.ftp_files(folder) as address:
        yield declared({**BARS, "url": f"{address}/data/spot/monthly/klines/*/1h/*.zip", "credentials": LOGIN})


@contextmanager
def over_sftp(folder: Path) -> Iterator[Feeds]:
    with servers.sftp_files(folder) as (address, host_key):
        url = f"{address}/{LAYOUT}"
        yield declared({**BARS, "url": url, "credentials": LOGIN, "host_key": host_key, "checksum": ".CHECKSUM"})


@contextmanager
def over_s3(folder: Path) -> Iterator[Feeds]:
    keys = {"access_key": "FEED_USER", "secret_key": "FEED_PASSWORD"}
    with servers.s3_files(folder) as endpoint:
        url = "s3://lake/data/spot/monthly/klines/*/1h/*.zip"
        yield declared({**BARS, "url": url, "endpoint": endpoint, "credentials": keys, "checksum": ".CHECKSUM"})


@contextmanager
def over_rest(_: Path) -> Iterator[Feeds]:
    with servers.exchange({symbol: klines(symbol) for symbol in SYMBOLS}) as (endpoint, _handler):
        yield declared(rest_feed("a-feed", endpoint))


@contextmanager
def over_websocket(_: Path) -> Iterator[Feeds]:
    with ExitStack() as stack:
        endpoint, _handler = stack.enter_context(servers.exchange({symbol: klines(symbol) for symbol in SYMBOLS}))
        url, _said = stack.enter_context(servers.stream(recording()))
        yield declared(stream_feed(url), rest_feed("refill", endpoint))


def rest_feed(name: str, endpoint: str) -> dict[str, Any]:
    return {**BARS, "name": name, "url": "ccxt://binance", "endpoint": endpoint, "format": "binance_klines_json"}


def stream_feed(url: str) -> dict[str, Any]:
    more = {"subscribe": "{symbol_lower}@kline_{interval}", "format": "binance_kline_stream", "resync": "refill"}
    return {**BARS, "url": url, **more}


OVER: dict[str, Callable[[Path], Any]] = {
    "local disk": over_local, "HTTP": over_http, "FTP": over_ftp, "SFTP": over_sftp, "S3": over_s3, "REST": over_rest,
    "websocket": over_websocket,
}  # fmt: skip


def digest(home: Home, as_of_us: int = NOW_US) -> str:
    with Lake(home.root, threads=1) as lake:
        return lake.content_digest("binance", Market.SPOT, US_PER_HOUR, as_of_us)


def fetch(home: Home, feeds: Feeds, received_us: int = NOW_US, name: str = "a-feed") -> dict[str, Any]:
    return fetch_feed(home, name, feeds=feeds, environment=ENVIRONMENT, received_us=received_us)


@pytest.fixture
def expected(tmp_path: Path) -> str:
    """The digest of the same bars delivered by hand, as one plain table."""
    names = "symbol,open_time,open,high,low,close,volume,quote_volume,trades,taker_buy_volume,taker_buy_quote_volume"
    lines = [names]
    for symbol in SYMBOLS:
        lines += [",".join([symbol, *(str(row[place]) for place in (0, 1, 2, 3, 4, 5, 7, 8, 9, 10))]) for row in klines(symbol)]
    path = tmp_path / "by-hand.csv"
    path.write_text("\n".join(lines) + "\n")
    home = Home(tmp_path / "by-hand")
    with Lake(home.root, threads=1) as lake:
        lake.ingest([path], "bars", venue="binance", market=Market.SPOT, received_us=NOW_US, source="by hand")
    return digest(home)


@pytest.mark.parametrize("transport", OVER)
def test_the_same_data_through_any_transport_gives_the_same_lake(
    transport: str, tmp_path: Path, archives: Path, expected: str
) -> None:
    home = Home(tmp_path / "home")
    with OVER[transport](archives) as feeds:
        first = fetch(home, feeds)
        assert first["unreachable"] is None
        assert first["accepted"] == HOURS * len(SYMBOLS)
        assert digest(home) == expected
        assert not list((home.root / "fetching").rglob("*.part"))
        again = None if transport == "websocket" else fetch(home, feeds, NOW_US + US_PER_HOUR)
    if again is not None:
        assert (again["files"], again["accepted"], again["revised"]) == ([], 0, 0)
        assert digest(home) == expected
    for checksum in {file["checksum"] for file in first["files"]}:
        stored = home.root / "raw" / checksum[:2] / checksum
        assert hashlib.sha256(stored.read_bytes()).hexdigest() == checksum


@pytest.mark.parametrize("transport", ["HTTP", "FTP", "SFTP", "S3"])
def test_a_half_done_download_goes_on_where_it_broke_off(transport: str, tmp_path: Path, archives: Path, expected: str) -> None:
    from data_lake.feeds.files import FileTransport
    from data_lake.feeds.landing import Landing
    from data_lake.feeds.transport import transport_of

    with OVER[transport](archives) as feeds:
        feed = feeds.named("a-feed")
        landing = Landing(tmp_path / "home", feed, NOW_US)
        made = transport_of(feed, feeds, ENVIRONMENT)
        assert isinstance(made, FileTransport)
        origin, _ = next(iter(made._addresses(feed, None, NOW_US)))
        version = made._remote.version(origin)
        whole = next(path for path in archives.rglob("BTCUSDT*.zip")).read_bytes()
        part = landing.part(origin, version.token)
        part.parent.mkdir(parents=True)
        part.write_bytes(whole[:1_000])
        start, chunks = made._remote.stream(origin, 1_000, version)
        assert (start, b"".join(chunks)) == (1_000, whole[1_000:])
        fetch(Home(tmp_path / "home"), feeds)
    assert digest(Home(tmp_path / "home")) == expected


def test_a_broken_http_download_is_resumed_by_range_and_never_seen_half(tmp_path: Path, archives: Path, expected: str) -> None:
    home = Home(tmp_path / "home")
    with servers.http_files(archives) as (address, handler):
        path = "/" + LAYOUT.format(symbol="BTCUSDT", interval="1h", month="2024-01")
        handler.breaks[path] = 700
        feeds = declared({**BARS, "url": f"{address}/{LAYOUT}", "checksum": ".CHECKSUM"})
        fetch(home, feeds)
        assert ("GET", path, "bytes=700-") in handler.asked
    assert digest(home) == expected


def test_where_nothing_answers_the_fetch_says_so_and_keeps_what_came(tmp_path: Path, archives: Path, expected: str) -> None:
    home = Home(tmp_path / "home")
    with servers.http_files(archives) as (address, handler):
        feeds = declared({**BARS, "url": f"{address}/{LAYOUT}", "budget": {"attempts": 1, "timeout_s": 20}})
        handler.breaks["/" + LAYOUT.format(symbol="ETHUSDT", interval="1h", month="2024-01")] = 700
        broken = fetch(home, feeds)
        assert "broke off" in broken["unreachable"] or "peer closed" in broken["unreachable"]
        assert broken["accepted"] == HOURS
        assert fetch(home, feeds)["accepted"] == HOURS
    assert digest(home) == expected
    gone = fetch(home, feeds)
    assert gone["unreachable"] is not None
    assert list_feeds(home, feeds)[0]["last_outcome"] == gone["unreachable"]


def test_a_replaced_archive_is_a_new_delivery_known_from_its_fetch_on(tmp_path: Path, archives: Path, expected: str) -> None:
    home, later_us = Home(tmp_path / "home"), NOW_US + 5 * US_PER_HOUR
    with over_http(archives) as feeds:
        fetch(home, feeds)
        corrected = klines("BTCUSDT")
        corrected[7][4] = "40006.00"
        publish(archives, "BTCUSDT", corrected)
        report = fetch(home, feeds, later_us)
    assert report["revised"] == 1
    assert [file["replaces"] is not None for file in report["files"]] == [True]
    assert digest(home, later_us - 1) == expected
    assert digest(home, later_us) != expected


def test_an_archive_that_is_not_what_its_checksum_says_is_quarantined_and_the_others_count(tmp_path: Path) -> None:
    vendor, home = tmp_path / "vendor", Home(tmp_path / "home")
    publish(vendor, "BTCUSDT", klines("BTCUSDT"), stated="0" * 64)
    publish(vendor, "ETHUSDT", klines("ETHUSDT"))
    with over_http(vendor) as feeds:
        report = fetch(home, feeds)
        assert report["accepted"] == HOURS
        assert [reason["rows"] for reason in report["reasons"] if "wrong checksum" in reason["reason"]] == [1]
        publish(vendor, "BTCUSDT", klines("BTCUSDT"))
        assert fetch(home, feeds)["accepted"] == HOURS


def test_a_server_with_another_host_key_is_refused_before_it_hears_a_password(tmp_path: Path, archives: Path) -> None:
    with servers.sftp_files(archives) as (address, _), servers.sftp_files(archives) as (_, other_key):
        feeds = declared({**BARS, "url": f"{address}/{LAYOUT}", "credentials": LOGIN, "host_key": other_key})
        with pytest.raises(Refused, match=r"[Hh]ost key"):
            fetch(Home(tmp_path / "home"), feeds)


@pytest.mark.parametrize("transport", ["FTP", "SFTP"])
def test_a_wrong_password_is_refused(transport: str, tmp_path: Path, archives: Path) -> None:
    wrong = {**ENVIRONMENT, "FEED_PASSWORD": "guess"}
    with OVER[transport](archives) as feeds, pytest.raises(Refused, match="credentials"):
        fetch_feed(Home(tmp_path / "home"), "a-feed", feeds=feeds, environment=wrong, received_us=NOW_US)


def test_a_credential_that_is_not_in_the_environment_is_named(tmp_path: Path, archives: Path) -> None:
    with over_sftp(archives) as feeds, pytest.raises(Refused, match="FEED_PASSWORD"):
        fetch_feed(Home(tmp_path / "home"), "a-feed", feeds=feeds, environment={"FEED_USER": "x"}, received_us=NOW_US)


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


@pytest.mark.parametrize("transport", ["local disk", "HTTP", "FTP", "SFTP", "S3"])
def test_what_is_not_there_yet_is_named_and_the_rest_comes(transport: str, tmp_path: Path, archives: Path) -> None:
    for path in archives.rglob("ETHUSDT-*"):
        path.unlink()
    with OVER[transport](archives) as feeds:
        feed = feeds.named("a-feed")
        root = feed.url[: feed.url.index("/data/spot")]
        asked = Feeds(feeds=(feed.model_copy(update={"url": f"{root}/{LAYOUT}"}),))
        report = fetch(Home(tmp_path / "home"), asked)
    assert report["accepted"] == HOURS
    assert [Path(origin).name.split("-")[0] for origin in report["absent"]] == ["ETHUSDT"]


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


def test_a_lake_rebuilt_from_raw_holds_what_the_feeds_brought(tmp_path: Path, archives: Path) -> None:
    home = Home(tmp_path / "home")
    publish(archives, "ETHUSDT", klines("ETHUSDT"), stated="0" * 64)
    with over_http(archives) as feeds:
        fetch(home, feeds)
        publish(archives, "BTCUSDT", klines("BTCUSDT", HOURS - 1))
        replaced = fetch(home, feeds, NOW_US + US_PER_HOUR)
        assert (replaced["unchanged"], len(replaced["refused"])) == (HOURS - 1, 1)
    with ExitStack() as stack:
        endpoint, _ = stack.enter_context(servers.exchange({symbol: klines(symbol) for symbol in SYMBOLS}))
        url, _said = stack.enter_context(servers.stream(recording()))
        fetch(home, declared(stream_feed(url), rest_feed("refill", endpoint)), NOW_US + 2 * US_PER_HOUR)
    before = _everything(home)
    rebuild(home.root, threads=1)
    assert _everything(home) == before


def _everything(home: Home) -> dict[str, Any]:
    with Lake(home.root, threads=1) as lake:
        tables = {"deliveries": lake.deliveries(), "findings": lake.findings(), "quarantine": lake.quarantine()}
        return {name: table.to_pylist() for name, table in tables.items()} | {
            str(hour): lake.content_digest("binance", Market.SPOT, US_PER_HOUR, NOW_US + hour * US_PER_HOUR) for hour in range(3)
        }


def test_a_fetch_that_fails_at_any_write_is_completed_by_the_next(
    tmp_path: Path, archives: Path, expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, left = os.fsync, [0]

    def failing(descriptor: int) -> None:
        left[0] -= 1
        if left[0] == 0:
            raise OSError(errno.ENOSPC, "no space left on device")
        real(descriptor)

    monkeypatch.setattr("os.fsync", failing)
    with over_local(archives) as feeds:
        for point in range(1, 100):
            home, left[0] = Home(tmp_path / f"home-{point}"), point
            failed = False
            try:
                fetch(home, feeds)
            except OSError:
                failed, left[0] = True, 0
                fetch(home, feeds)
            if not failed:
                break
            assert digest(home) == expected
            with Lake(home.root, threads=1) as lake:
                assert sum(row["accepted"] for row in lake.deliveries().to_pylist()) == HOURS * len(SYMBOLS)
    assert 8 <= point < 100


def test_the_commands_list_and_fetch_and_exit_with_3_where_nothing_answers(
    tmp_path: Path, archives: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = ["--home", str(tmp_path / "home")]
    with servers.http_files(archives) as (address, _):
        feeds = declared({**BARS, "url": f"{address}/{LAYOUT}", "checksum": ".CHECKSUM"})
        monkeypatch.setattr("steps.feeds.load_feeds", lambda: feeds)
        fetched = CliRunner().invoke(app, ["fetch", "a-feed", "--json", *home])
    assert (fetched.exit_code, json.loads(fetched.stdout)["accepted"]) == (0, HOURS * len(SYMBOLS))
    gone = CliRunner().invoke(app, ["fetch", "a-feed", *home])
    assert gone.exit_code == 3
    listed = json.loads(CliRunner().invoke(app, ["feeds", "--json", *home]).stdout)
    assert [row["newest_event"] for row in listed] == ["2024-01-04T00:00:00Z"]
    assert listed[0]["age_s"] > 0
    shown = CliRunner().invoke(app, ["feeds", *home]).stdout
    assert "a-feed" in shown
    assert "fetch again later" in shown
    assert CliRunner().invoke(app, ["fetch", "another", *home]).exit_code == 1
