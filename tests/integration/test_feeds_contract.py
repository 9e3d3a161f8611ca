"""One contract for all transports, against real servers on loopback: the same data gives the same lake."""

import errno
import hashlib
import json
import os
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from data_lake.feeds.declaration import Feeds
from data_lake.lake import Lake
from data_lake.rebuild import rebuild
from domain.errors import Refused
from domain.market import Market
from domain.times import US_PER_HOUR
from pipelines.cli import app
from steps.feeds import fetch_feed, list_feeds
from steps.home import Home
from tests.integration import feed_servers as servers
from tests.integration.feed_world import (
    BARS,
    ENVIRONMENT,
    HOURS,
    LAYOUT,
    LOGIN,
    NOW_US,
    OVER,
    SYMBOLS,
    declared,
    digest,
    fetch,
    klines,
    over_http,
    over_local,
    over_sftp,
    publish,
    recording,
    rest_feed,
    stream_feed,
)


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


@pytest.mark.parametrize("every", [5, pytest.param(1, marks=pytest.mark.soak)])
def test_a_fetch_that_fails_at_any_write_is_completed_by_the_next(
    every: int, tmp_path: Path, archives: Path, expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, left = os.fsync, [0]

    def failing(descriptor: int) -> None:
        left[0] -= 1
        if left[0] == 0:
            raise OSError(errno.ENOSPC, "no space left on device")
        real(descriptor)

    monkeypatch.setattr("os.fsync", failing)
    with over_local(archives) as feeds:
        for point in range(1, 100, every):
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
