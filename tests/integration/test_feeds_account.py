"""Own fills, balances and transfers by keys that can only read; a key that can do more is refused before anything is asked."""

from pathlib import Path
from typing import Any

import pytest

from data_lake.lake import Lake
from domain.errors import Refused
from domain.market import Market
from domain.times import US_PER_DAY
from steps.home import Home
from tests.integration import feed_servers as servers
from tests.integration.feed_world import BARS, NOW_US, START_US, declared, fetch

START_MS, DAY_MS = START_US // 1_000, US_PER_DAY // 1_000
FILLS = 60
SOON_US = START_US + 4 * US_PER_DAY


def account(**powers: bool) -> dict[str, Any]:
    """Sixty fills over three days with two days of silence, four at a time in one millisecond; some assets, some transfers."""
    fills = []
    for number in range(FILLS):
        at_ms = START_MS + (number // 4) * 3_600_000 + (2 * DAY_MS if number >= 40 else 0)
        told = {"price": f"{40_000 + number}.5", "qty": f"0.0{number + 1:02}", "commission": "0.1", "commissionAsset": "USDT"}
        fills.append({"symbol": "BTCUSDT", "id": 700 + number, "orderId": number // 2, "time": at_ms, **told,
                      "isBuyer": number % 3 == 0, "isMaker": number % 2 == 0})  # fmt: skip
    deposits = [
        {"id": f"d{day}", "amount": f"{day + 1}", "coin": "USDT", "status": 1, "address": "there", "txId": f"t{day}",
         "insertTime": START_MS + day * DAY_MS, "network": "ETH"}
        for day in (0, 10, 20)
    ]  # fmt: skip
    deposits[1]["status"] = 0  # not finished
    withdrawals = [
        {"id": "w1", "amount": "2.5", "transactionFee": "0.5", "coin": "BTC", "status": 6, "address": "elsewhere", "txId": "t9",
         "applyTime": "2024-01-05 00:00:00", "at_ms": START_MS + 4 * DAY_MS, "network": "BTC"}
    ]  # fmt: skip
    balances = [["USDT", "90.5", "9.5"], ["BTC", "1.25", "0"], ["ETH", "0", "0"], ["XRP", "0", "0"]]
    return {"powers": powers, "balances": balances, "updated_ms": START_MS, "fills": {"BTCUSDT": fills}, "deposits": deposits,
            "withdrawals": withdrawals}  # fmt: skip


def feed(endpoint: str, table: str, symbols: list[str]) -> dict[str, Any]:
    keys = {"access_key": "FEED_USER", "secret_key": "FEED_PASSWORD"}
    return {
        **BARS, "url": "ccxt://binance", "endpoint": endpoint, "table": table, "format": f"ccxt_{table}", "interval": None,
        "symbols": symbols, "credentials": keys, "account": "main", "known_at": "received", "publication_lag_s": 0,
    }  # fmt: skip


def held(home: Home, table: str) -> list[dict[str, Any]]:
    with Lake(home.root, threads=1) as lake:
        where = {"venue": "binance", "market": Market.SPOT, "start_us": 0, "end_us": NOW_US * 2, "as_of_us": NOW_US * 2}
        return list(lake.read(table, **where).to_pylist())


def test_fills_come_page_by_page_across_days_without_any_and_go_on_where_they_were(tmp_path: Path) -> None:
    home, told = Home(tmp_path / "home"), account(enableWithdrawals=False)
    with servers.exchange({}, account=told) as (endpoint, handler):
        feeds = declared(feed(endpoint, "fills", ["BTCUSDT"]))
        whole = told["fills"]["BTCUSDT"]
        told["fills"]["BTCUSDT"] = whole[:50]
        assert fetch(home, feeds, SOON_US)["accepted"] == 50
        told["fills"]["BTCUSDT"] = whole
        assert fetch(home, feeds, SOON_US + 1)["accepted"] == FILLS - 50
        assert "apiRestrictions" in handler.asked[0]
    rows = held(home, "fills")
    assert [row["fill_id"] for row in rows] == [str(item["id"]) for item in whole]
    first = {"symbol": "BTCUSDT", "account": "main", "side": "buy", "price": 40_000.5, "quantity": 0.001, "order_id": "0"}
    assert rows[0] | first | {"liquidity": "maker", "fee": 0.1, "fee_asset": "USDT"} == rows[0]
    assert (rows[1]["side"], rows[1]["liquidity"]) == ("sell", "taker")


def test_balances_hold_what_the_exchange_told_and_no_more(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    with servers.exchange({}, account=account()) as (endpoint, _):
        assert fetch(home, declared(feed(endpoint, "balances", ["ETH", "DOGE"])))["accepted"] == 3
    rows = {row["symbol"]: (row["account"], row["total"], row["free"], row["locked"]) for row in held(home, "balances")}
    assert rows == {"USDT": ("main", 100.0, 90.5, 9.5), "BTC": ("main", 1.25, 1.25, 0.0), "ETH": ("main", 0.0, 0.0, 0.0)}


def test_finished_transfers_in_both_directions(tmp_path: Path) -> None:
    home, told = Home(tmp_path / "home"), account()
    with servers.exchange({}, account=told) as (endpoint, _):
        feeds = declared(feed(endpoint, "transfers", []))
        told["withdrawals"], late = [], told["withdrawals"]
        assert fetch(home, feeds)["accepted"] == 2
        told["withdrawals"] = late  # asked for before the newest deposit, finished after it
        assert fetch(home, feeds, NOW_US + 1)["accepted"] == 1
    rows = [
        (row["symbol"], row["direction"], row["quantity"], row["fee"], row["counterparty"]) for row in held(home, "transfers")
    ]
    assert rows == [
        ("BTC", "out", 2.5, 0.5, "elsewhere"), ("USDT", "in", 1.0, None, "there"), ("USDT", "in", 21.0, None, "there"),
    ]  # fmt: skip


def test_a_key_that_can_do_more_than_read_is_refused_before_anything_is_asked(tmp_path: Path) -> None:
    told = account()
    with servers.exchange({}, account=told) as (endpoint, handler):
        feeds = declared(feed(endpoint, "balances", []))
        for power in ("enableSpotAndMarginTrading", "enableWithdrawals", "enableFutures"):
            told["powers"] = {power: True}
            with pytest.raises(Refused, match="make one that can only read"):
                fetch(Home(tmp_path / "home"), feeds)
        assert {path.split("?")[0].rsplit("/", 1)[1] for path in handler.asked} == {"apiRestrictions"}
