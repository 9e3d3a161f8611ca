"""Every vendor file of `../shared/market/raw` by its declaration, against rows parsed here by hand, without the reader's code."""

import datetime as dt
import gzip
import io
import json
import zipfile
from typing import Any

import pytest

from data_lake.formats_declared import load_formats, read_declared
from data_lake.lake import Lake
from domain.market import Market
from domain.times import parse_utc
from tests.unit.data_lake.bars import REAL, needs_market

pytestmark = needs_market

Row = dict[str, Any]


def _bytes(name: str) -> bytes:
    return (REAL / "raw" / name).read_bytes()


def _cells(name: str) -> list[list[str]]:
    return [line.split(",") for line in _bytes(name).decode().splitlines()]


def _lines_of_zip(name: str) -> list[str]:
    with zipfile.ZipFile(io.BytesIO(_bytes(name))) as archive:
        (member,) = archive.namelist()
        return archive.read(member).decode().splitlines()


def _kline(cells: list[str]) -> Row:
    names = ["open", "high", "low", "close", "volume"]
    row: Row = {"open_time": int(cells[0]) * 1_000} | {name: float(cells[index]) for index, name in enumerate(names, start=1)}
    more = {"quote_volume": cells[7], "trades": cells[8], "taker_buy_volume": cells[9], "taker_buy_quote_volume": cells[10]}
    return row | {name: float(value) for name, value in more.items()}


def klines_with_header(name: str) -> list[Row]:
    return [_kline(cells) for cells in _cells(name)[1:]]


def klines_without_header(name: str) -> list[Row]:
    return [_kline(cells) for cells in _cells(name)]


def binance_depth(name: str) -> list[Row]:
    rows = []
    for symbol, time_ms, first, last, side, _, price, quantity, _ in _cells(name)[1:]:
        where = {"symbol": symbol, "event_time": int(time_ms) * 1_000, "kind": "snapshot", "side": {"b": "bid", "a": "ask"}[side]}
        ids = {"first_update_id": int(first), "final_update_id": int(last)}
        rows.append(where | {"price": float(price), "quantity": float(quantity)} | ids)
    return rows


def bybit_depth(name: str) -> list[Row]:
    rows = []
    for message in map(json.loads, _lines_of_zip(name)):
        ids = {"first_update_id": message["data"]["u"], "final_update_id": message["data"]["u"]}
        where = {"symbol": "XRPUSDT", "event_time": message["ts"] * 1_000, "received_time": None}
        kind = "snapshot" if message["type"] == "snapshot" else "diff"
        for key, side in (("b", "bid"), ("a", "ask")):
            for price, size in message["data"][key]:
                rows.append({**where, "kind": kind, "side": side, "price": float(price), "quantity": float(size), **ids})
    return rows


def freqtrade_trades(name: str) -> list[Row]:
    rows = []
    for time_ms, number, _, side, price, amount, _ in json.loads(gzip.decompress(_bytes(name))):
        row = {"trade_time": time_ms * 1_000, "trade_id": number, "side": side, "price": price, "quantity": amount}
        rows.append(row | {"symbol": "XRPETH"})
    return rows


def _hyperliquid(name: str) -> list[tuple[int, Any]]:
    split = [line.split(b" ", 1) for line in gzip.decompress(_bytes(name)).splitlines()]
    return [(int(stamp) // 1_000, json.loads(rest)) for stamp, rest in split]


def hyperliquid_depth(name: str) -> list[Row]:
    rows = []
    for received_us, message in _hyperliquid(name):
        if message["channel"] != "l2Book":
            continue
        where = {"symbol": "BTC", "event_time": message["data"]["time"] * 1_000, "received_time": received_us, "kind": "snapshot"}
        bids, asks = message["data"]["levels"]
        for side, level in [("bid", level) for level in bids] + [("ask", level) for level in asks]:
            size = {"price": float(level["px"]), "quantity": float(level["sz"])}
            rows.append({**where, "side": side, **size})
    return rows


def hyperliquid_trades(name: str) -> list[Row]:
    rows = []
    for received_us, message in _hyperliquid(name):
        for trade in message["data"] if message["channel"] == "trades" else ():
            side = "buy" if trade["side"] == "B" else "sell"
            row = {"symbol": "BTC", "trade_time": trade["time"] * 1_000, "received_time": received_us}
            size = {"price": float(trade["px"]), "quantity": float(trade["sz"])}
            rows.append({**row, "trade_id": str(trade["tid"]), "side": side, **size})
    return rows


def kraken_trades(name: str) -> list[Row]:
    rows = []
    for time_s, price, quantity in _cells(name):
        row = {"trade_time": int(time_s) * 1_000_000, "price": float(price), "quantity": float(quantity)}
        rows.append(row | {"symbol": "BCHEUR"})
    return rows


def lean_daily(name: str) -> list[Row]:
    rows = []
    for line in _lines_of_zip(name):
        day, *prices, volume = line.split(",")
        moment = dt.datetime.strptime(day, "%Y%m%d %H:%M").replace(tzinfo=dt.UTC)
        values = dict(zip(("open", "high", "low", "close"), (int(price) / 10_000 for price in prices), strict=True))
        rows.append({"open_time": int(moment.timestamp()) * 1_000_000, **values, "volume": float(volume), "symbol": "SPY"})
    return rows


def tardis_depth(name: str) -> list[Row]:
    header, *lines = _cells(name)
    rows = []
    for cells in lines:
        record = dict(zip(header, cells, strict=True))
        where = {"symbol": "BTCUSDT", "event_time": int(record["timestamp"]), "received_time": int(record["local_timestamp"])}
        for plural, side in (("bids", "bid"), ("asks", "ask")):
            for level in range(5):
                price, size = (float(record[f"{plural}[{level}].{part}"]) for part in ("price", "amount"))
                rows.append({**where, "kind": "snapshot", "side": side, "price": price, "quantity": size})
    return rows


def bitmex_trades(name: str) -> list[Row]:
    rows = []
    for _, symbol, time_us, local_us, number, side, price, amount in _cells(name)[1:]:
        row = {"symbol": symbol, "trade_time": int(time_us), "received_time": int(local_us), "trade_id": number, "side": side}
        coins = float(amount) / float(price)
        rows.append({**row, "price": float(price), "quantity": coins, "contracts": float(amount)})
    return rows


FILES = [
    ("binance_spot_BTCUSDT-1h-2023-01.csv", "binance_klines", klines_with_header, 744),
    ("binance_ADABTC-1m-2021-11-27_noheader.csv", "binance_klines", klines_without_header, 10),
    ("binance_btcusdt_depth_snap.csv", "binance_depth", binance_depth, 100),
    ("bybit_XRPUSDT_ob500.data.zip", "bybit_book", bybit_depth, 3_966),
    ("ccxt_trades_XRP_ETH.json.gz", "freqtrade_trades", freqtrade_trades, 12_477),
    ("hyperliquid_btcusd_20250126.gz", "hyperliquid_depth", hyperliquid_depth, 1_840),
    ("hyperliquid_btcusd_20250126.gz", "hyperliquid_trades", hyperliquid_trades, 64),
    ("kraken_BCHEUR_trades_noheader.csv", "kraken_trades", kraken_trades, 148),
    ("lean_spy_daily_deci_cents.zip", "lean_daily", lean_daily, 5_849),
    ("tardis_binance-futures_book_snapshot_5_BTCUSDT.csv", "tardis_book", tardis_depth, 100),
    ("tardis_bitmex_trades_XBTUSD.csv", "tardis_trades_inverse", bitmex_trades, 10),
]


def test_no_vendor_file_is_left_out() -> None:
    assert {path.name for path in (REAL / "raw").iterdir()} == {name for name, *_ in FILES}


@pytest.mark.parametrize(("name", "declared", "by_hand", "count"), FILES, ids=[f"{name}-{form}" for name, form, *_ in FILES])
def test_every_row_of_a_vendor_file_is_what_it_says(name: str, declared: str, by_hand: Any, count: int) -> None:
    read = read_declared(load_formats().named(declared), _bytes(name), name)
    expected = by_hand(name)
    assert len(expected) == read.height == count
    assert set(read.columns) == set(expected[0])
    rows = read.to_dicts()
    assert (rows[0], rows[-1]) == (expected[0], expected[-1])
    # the last digit of a quotient may differ between divisions
    assert [{**row, "quantity": None} for row in rows] == [{**row, "quantity": None} for row in expected]
    if "quantity" in read.columns:
        assert [row["quantity"] for row in rows] == pytest.approx([row["quantity"] for row in expected], rel=1e-15)


@pytest.mark.parametrize(("name", "declared", "by_hand", "count"), FILES, ids=[f"{name}-{form}" for name, form, *_ in FILES])
def test_the_lake_holds_every_row_of_a_vendor_file(lake: Lake, name: str, declared: str, by_hand: Any, count: int) -> None:
    form = load_formats().named(declared)
    report = lake.ingest(
        [REAL / "raw" / name], form.table, venue="vendor", market=Market.SPOT, received_us=parse_utc("2026-01-01"),
        source="vendor", form={"format": form.model_dump(mode="json")},
    )  # fmt: skip
    assert (report.accepted + report.unchanged, report.quarantined) == (count, 0)
    (series,) = lake.describe()
    # trades without ids are told apart by their order in one microsecond; a book sent twice is one book
    keys = {tuple(row.get(column, index) for column in _KEYS[form.table]) for index, row in enumerate(by_hand(name))}
    assert series.rows == len(keys)


_KEYS = {
    "bars": ("open_time",),
    "trades": ("trade_time", "trade_id"),
    "depth": ("event_time", "kind", "side", "price"),
}
