"""Order books and the trades beside them, out of vendors' messages: one row a price level.

Depth columns: symbol, event_time and received_time (int64 us, UTC), kind (`snapshot` replaces the book, `diff` sets levels),
side (`bid` or `ask`), price, quantity (0: the level is gone), and first_update_id, final_update_id where the
vendor numbers its updates.
"""

import csv
import io
import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import polars as pl

from data_lake.columns import to_us
from data_lake.unpack import first_line
from domain.errors import Refused

_DEPTH: Mapping[str, Any] = {
    "symbol": pl.String, "event_time": pl.String, "received_time": pl.String, "kind": pl.String, "side": pl.String,
    "price": pl.String, "quantity": pl.String, "first_update_id": pl.Int64, "final_update_id": pl.Int64,
}  # fmt: skip
_UNNUMBERED = {name: kind for name, kind in _DEPTH.items() if not name.endswith("update_id")}
_TRADES: Mapping[str, Any] = {
    "symbol": pl.String, "trade_time": pl.String, "received_time": pl.String, "trade_id": pl.String, "side": pl.String,
    "price": pl.String, "quantity": pl.String,
}  # fmt: skip

_Row = tuple[Any, ...]


def _tardis_book(text: str) -> pl.DataFrame:
    rows: list[_Row] = []
    reader = csv.DictReader(io.StringIO(text), restkey="beyond the header")
    for record in reader:
        if None in record.values() or "beyond the header" in record:
            raise Refused(f"line {reader.line_num}: expected as many values as the header has columns")
        times = (record["timestamp"], record["local_timestamp"])
        for plural, side in (("bids", "bid"), ("asks", "ask")):
            for level in range(_levels(reader.fieldnames or (), plural)):
                price, amount = (record[f"{plural}[{level}].{part}"] for part in ("price", "amount"))
                if price:
                    rows.append((record["symbol"], *times, "snapshot", side, price, amount))
    return _frame(rows, _UNNUMBERED)


def _levels(names: Any, plural: str) -> int:
    return sum(name.startswith(f"{plural}[") and name.endswith("].price") for name in names)


def _bybit_book(text: str) -> pl.DataFrame:
    rows: list[_Row] = []
    for message in _messages(text):
        kind = {"snapshot": "snapshot", "delta": "diff"}[message["type"]]
        book = message["data"]
        update = int(book["u"])
        for key, side in (("b", "bid"), ("a", "ask")):
            rows += [(book["s"], str(message["ts"]), None, kind, side, price, size, update, update) for price, size in book[key]]
    return _frame(rows, _DEPTH)


def _hyperliquid_depth(text: str) -> pl.DataFrame:
    rows: list[_Row] = []
    for received_ns, message in _stamped(text, "l2Book"):
        book = message["data"]
        for side, levels in zip(("bid", "ask"), book["levels"], strict=True):
            for level in levels:
                place = (book["coin"], str(book["time"]), received_ns, "snapshot", side)
                rows.append((*place, level["px"], level["sz"]))
    return _frame(rows, _UNNUMBERED)


def _hyperliquid_trades(text: str) -> pl.DataFrame:
    rows: list[_Row] = []
    for received_ns, message in _stamped(text, "trades"):
        for trade in message["data"]:
            side = {"A": "sell", "B": "buy"}[trade["side"]]
            rows.append((trade["coin"], str(trade["time"]), received_ns, str(trade["tid"]), side, trade["px"], trade["sz"]))
    return _frame(rows, _TRADES)


def _stamped(text: str, channel: str) -> Iterator[tuple[str, Any]]:
    for line in text.splitlines():
        received_ns, _, rest = line.partition(" ")
        for message in _messages(rest):
            if message["channel"] == channel:
                yield received_ns, message


def _messages(text: str) -> Iterator[Any]:
    for line in text.splitlines():
        try:
            yield json.loads(line)
        except ValueError as error:
            raise Refused(f"not readable as JSON lines: {first_line(error)}") from None


def _frame(rows: list[_Row], columns: Mapping[str, Any]) -> pl.DataFrame:
    if not rows:
        return pl.DataFrame(schema={name: _target(name, kind) for name, kind in columns.items()})
    frame = pl.DataFrame(rows, schema=columns, orient="row")
    return frame.with_columns(
        *(_us(frame[name]) for name in frame.columns if name.endswith("_time")),
        *(pl.col(name).cast(pl.Float64, strict=False) for name in ("price", "quantity")),
    )


def _us(times: pl.Series) -> pl.Series:
    return times.cast(pl.Int64) if times.null_count() == len(times) else to_us(times)


def _target(name: str, kind: Any) -> Any:
    if name.endswith("_time"):
        return pl.Int64
    return pl.Float64 if name in ("price", "quantity") else kind


def _checked(read: Callable[[str], pl.DataFrame]) -> Callable[[str], pl.DataFrame]:
    def guarded(text: str) -> pl.DataFrame:
        try:
            return read(text)
        except (KeyError, TypeError, ValueError, AttributeError, csv.Error, pl.exceptions.PolarsError) as error:
            raise Refused(f"not a message of this vendor: {type(error).__name__} {first_line(error)}") from None

    return guarded


BOOKS: Mapping[str, Callable[[str], pl.DataFrame]] = {
    "tardis_book": _checked(_tardis_book),
    "bybit_book": _checked(_bybit_book),
    "hyperliquid_depth": _checked(_hyperliquid_depth),
    "hyperliquid_trades": _checked(_hyperliquid_trades),
}
"""By layout: the text of a file to its rows. Raises Refused."""
