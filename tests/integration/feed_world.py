"""The same bars and trades as every transport brings them, and the servers that each comes from."""

import hashlib
import io
import json
import zipfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from data_lake.feeds.declaration import Feeds
from data_lake.lake import Lake
from domain.market import Market
from domain.times import US_PER_HOUR, parse_utc
from steps.feeds import fetch_feed
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
    "symbols": list(SYMBOLS), "start": "2024-01-01", "publication_lag_s": 60,
    "budget": {"timeout_s": 20, "page_rows": 25, "pause_s": 0},
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
