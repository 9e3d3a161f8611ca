from pathlib import Path
from typing import Any

import pytest

from data_lake.feeds.declaration import Feeds, load_feeds, secrets
from data_lake.feeds.files import addresses
from domain.errors import Refused
from domain.times import US_PER_HOUR, parse_utc

FILES: dict[str, Any] = {
    "name": "bars", "url": "https://example.org/{symbol}-{month}.zip", "format": "binance_klines", "table": "bars",
    "venue": "v", "market": "spot", "interval": "1h", "symbols": ["AUSDT", "BUSDT"], "start": "2023-11-15",
}  # fmt: skip


def declared(**changes: Any) -> Feeds:
    return Feeds.parse({"feeds": [{**FILES, **changes}]}, "feeds.yaml")


def test_the_feeds_of_the_repository_are_declared() -> None:
    feeds = load_feeds()
    assert {"http", "ccxt", "ws"} <= {feed.transport for feed in feeds.feeds}
    assert feeds.named("binance-spot-1h-archive").checksum == ".CHECKSUM"
    with pytest.raises(Refused, match="unknown feed 'nothing': expected one of"):
        feeds.named("nothing")


@pytest.mark.parametrize(
    ("scheme", "transport"),
    [("file", "file"), ("http", "http"), ("https", "http"), ("ftp", "ftp"), ("s3", "s3"), ("ccxt", "ccxt"), ("wss", "ws")],
)
def test_the_scheme_of_the_address_is_the_transport(scheme: str, transport: str) -> None:
    assert declared(url=f"{scheme}://host/path").feeds[0].transport == transport


def test_units_are_microseconds() -> None:
    feed = declared(publication_lag_s=90).feeds[0]
    assert (feed.interval_us, feed.lag_us, feed.start_us) == (US_PER_HOUR, 90_000_000, parse_utc("2023-11-15"))
    assert declared().feeds[0].lag_us is None


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"pasword": "x"}, "unknown key 'feeds.0.pasword'"),
        ({"url": "gopher://host/x"}, "expected an address that starts with"),
        ({"url": "ftp://me:secret@host/x"}, "no user or password in the address"),
        ({"url": "https://host/{ticker}"}, "unknown places"),
        ({"credentials": {"password": "hunter2"}}, "never a value"),
        ({"credentials": {"pin": "PIN"}}, "credentials"),
        ({"schedule": "daily"}, "five cron fields"),
        ({"schedule": "* * * *"}, "five cron fields"),
        ({"format": "unheard_of"}, "unknown format 'unheard_of'"),
        ({"format": "ccxt_funding"}, "format ccxt_funding is of another table"),
        ({"table": "weather"}, "unknown table 'weather'"),
        ({"market": "futures"}, "market"),
        ({"interval": "7h"}, "expected an interval among"),
        ({"known_at": "yesterday"}, "ISO 8601"),
        ({"start": None}, "needs a start"),
        ({"symbols": []}, "needs symbols"),
        ({"url": "sftp://host/x"}, "needs the server's host_key"),
        ({"url": "ccxt://binance", "interval": None}, "needs an interval"),
        ({"url": "wss://host/x", "format": None}, "a stream needs a format"),
        ({"resync": "nowhere"}, "resync names no feed"),
        ({"resync": "bars"}, "resync needs a ccxt feed"),
        ({"budget": {"attempts": 0}}, "attempts"),
        ({"publication_lag_s": -1}, "publication_lag_s"),
        ({"checksum": "crc"}, "checksum"),
    ],
)
def test_what_does_not_fit_is_refused_with_its_reason(changes: dict[str, Any], reason: str) -> None:
    with pytest.raises(Refused, match=reason):
        declared(**changes)


def test_two_feeds_of_one_name_are_refused() -> None:
    with pytest.raises(Refused, match="two feeds have one name"):
        Feeds.parse({"feeds": [FILES, FILES]}, "feeds.yaml")


def test_a_file_that_is_no_yaml_or_is_not_there_is_refused(tmp_path: Path) -> None:
    (tmp_path / "feeds.yaml").write_text("feeds: [")
    with pytest.raises(Refused, match="is not readable as YAML"):
        load_feeds(tmp_path / "feeds.yaml")
    with pytest.raises(Refused, match="it is missing"):
        load_feeds(tmp_path / "none.yaml")


def test_secrets_come_from_the_environment_and_an_empty_one_is_no_secret() -> None:
    feed = declared(credentials={"username": "FEED_USER", "password": "FEED_PASSWORD"}).feeds[0]
    assert secrets(feed, {"FEED_USER": "a", "FEED_PASSWORD": "b", "OTHER": "c"}) == {"username": "a", "password": "b"}
    with pytest.raises(Refused, match="set the environment variable FEED_PASSWORD"):
        secrets(feed, {"FEED_USER": "a", "FEED_PASSWORD": ""})


def test_addresses_are_of_each_symbol_and_each_month_that_has_ended() -> None:
    feed = declared().feeds[0]
    pairs = [(symbol, month) for symbol in ("AUSDT", "BUSDT") for month in ("2023-11", "2023-12", "2024-01")]
    expected = tuple((f"https://example.org/{symbol}-{month}.zip", symbol) for symbol, month in pairs)
    assert addresses(feed, None, parse_utc("2024-02-01")) == expected
    last_moment = addresses(feed, parse_utc("2024-01-31"), parse_utc("2024-02-01") - 1)
    assert last_moment == ()


def test_addresses_by_day_and_without_a_place_for_time() -> None:
    daily = declared(url="https://example.org/{symbol}/{date}.csv", symbols=["AUSDT"], start="2024-02-28").feeds[0]
    days = [address[-14:-4] for address, _ in addresses(daily, None, parse_utc("2024-03-02T23:00:00"))]
    assert days == ["2024-02-28", "2024-02-29", "2024-03-01"]
    plain = declared(url="https://example.org/all.csv").feeds[0]
    assert addresses(plain, None, parse_utc("2024-03-02")) == (("https://example.org/all.csv", None),)
