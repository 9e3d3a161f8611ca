"""A vendor's columns to the lake's: names by meaning, times to UTC microseconds by magnitude."""

from collections.abc import Mapping, Sequence

import numpy as np
import polars as pl
import pyarrow as pa

from data_lake.schema import VersionedTable
from domain.errors import Refused
from domain.times import parse_utc

_EARLIEST_S = 631_152_000
"""1990-01-01: no series here is older."""
_LATEST_S = 4_102_444_800
"""2100-01-01. Between the two bounds the four units do not overlap."""
_UNITS_PER_S = {"s": 1, "ms": 1_000, "us": 1_000_000, "ns": 1_000_000_000}

_BAR_TIMES = ("open_time", "opentime", "open_timestamp", "timestamp", "time", "datetime", "date", "ts")
_FUNDING_TIMES = ("funding_time", "fundingtime", "calc_time", "funding_timestamp", *_BAR_TIMES[3:])

_NAMES: dict[str, tuple[str, ...]] = {
    "symbol": ("symbol", "ticker", "pair", "instrument"),
    "open": ("open", "o", "open_price"),
    "high": ("high", "h", "high_price"),
    "low": ("low", "l", "low_price"),
    "close": ("close", "c", "close_price"),
    "volume": ("volume", "vol", "v", "base_volume", "volume_base"),
    "quote_volume": ("quote_volume", "quote_asset_volume", "quote_vol", "volume_quote"),
    "trades": ("trades", "count", "trade_count", "number_of_trades", "num_trades"),
    "taker_buy_volume": ("taker_buy_volume", "taker_buy_base_asset_volume", "taker_buy_base_volume", "taker_buy_base"),
    "taker_buy_quote_volume": ("taker_buy_quote_volume", "taker_buy_quote_asset_volume", "taker_buy_quote"),
    "funding_rate": ("funding_rate", "fundingrate", "last_funding_rate", "rate"),
    "price": ("price", "px", "p"),
    "quantity": ("quantity", "qty", "size", "amount", "q"),
    "side": ("side", "taker_side", "aggressor_side"),
    "trade_id": ("trade_id", "id", "tradeid", "agg_trade_id"),
    "bid_price": ("bid_price", "bid_px", "bid", "best_bid"),
    "bid_quantity": ("bid_quantity", "bid_qty", "bid_size", "best_bid_qty"),
    "ask_price": ("ask_price", "ask_px", "ask", "best_ask"),
    "ask_quantity": ("ask_quantity", "ask_qty", "ask_size", "best_ask_qty"),
    "kind": ("kind", "update_type"),
    "final_update_id": ("final_update_id", "last_update_id"),
    "previous_update_id": ("previous_update_id", "prev_final_update_id"),
    "received_time": ("received_time", "recv_time", "recv_time_ns", "local_timestamp", "recv_time_us", "recv_time_ms"),
}

_TICK_TIMES = ("event_time", "event_time_ms", "transact_time", "time", "timestamp", "datetime", "date", "ts")
_TIMES: dict[str, tuple[str, ...]] = {
    "open_time": _BAR_TIMES,
    "funding_time": _FUNDING_TIMES,
    "trade_time": ("trade_time", "trade_time_ms", *_TICK_TIMES),
    "quote_time": ("quote_time", *_TICK_TIMES, *_NAMES["received_time"]),
    "event_time": (*_TICK_TIMES, *_NAMES["received_time"]),
}
"""The first that a row has is its time: where the exchange sends none, the collector's clock stands in."""


def recognised_columns(table: VersionedTable, given: Sequence[str]) -> dict[str, str]:
    """The lake's column to the file's, for each column of the table that the file has; `symbol` too."""
    by_name = {_plain(name): name for name in reversed(given)}
    wanted = {table.time: _TIMES.get(table.time, (table.time, *_TICK_TIMES))}
    wanted |= {column: _NAMES.get(column, (column,)) for column in ("symbol", *table.within, *table.values)}
    found: dict[str, str] = {}
    for column, names in wanted.items():
        match = next((by_name[name] for name in names if name in by_name), None)
        if match is not None:
            found[column] = match
    return found


def missing_columns(table: VersionedTable, given: Sequence[str]) -> tuple[str, ...]:
    """The columns that a file of this table must carry and these names do not give."""
    found = recognised_columns(table, given)
    told = {table.numbered, *table.absent}
    return tuple(column for column in (table.time, *table.within, *table.required) if column not in found and column not in told)


def number_types(table: VersionedTable, given: Sequence[str]) -> dict[str, pa.DataType]:
    """By the file's column: what it holds where it is written as a number, int64 for times and float64 for the rest."""
    found = recognised_columns(table, given)
    numbers = {
        name: pa.float64() for column, name in found.items() if column not in table.texts and column not in ("symbol", table.time)
    }
    times = {*_TIMES.get(table.time, (table.time, *_TICK_TIMES)), *_NAMES["received_time"]}
    return numbers | {name: pa.int64() for name in given if _plain(name) in times}


def to_lake_columns(table: VersionedTable, frame: pl.DataFrame) -> pl.DataFrame:
    """Columns `row` (0-based position in the file), `symbol` where given, the event time, the rest of the key, and all values.

    Values are float64 (trades int64), times int64 microseconds; text that is no number, NaN and infinity become null; -0.0
    becomes 0.0. Raises Refused where a required column is missing or the times cannot be told.
    """
    missing = missing_columns(table, frame.columns)
    if missing:
        needed = ", ".join((table.time, *table.within, *table.required))
        raise Refused(f"missing column {', '.join(missing)}: expected {needed}, got {frame.columns}")
    found = recognised_columns(table, frame.columns)
    nested = sorted(given for given in found.values() if frame.schema[given].is_nested())
    if nested:
        raise Refused(f"expected one value in each row of {', '.join(nested)}, got {frame.schema[nested[0]]}")
    columns = [pl.int_range(pl.len(), dtype=pl.Int64).alias("row"), _event_times(table, frame)]
    if "symbol" in found:
        columns.append(pl.col(found["symbol"]).cast(pl.String).str.strip_chars().alias("symbol"))
    columns += [_value(table, column, found, frame) for column in (*table.within, *table.values)]
    rows = frame.select(columns)
    if table.numbered is None or table.numbered in found:
        return rows
    number = pl.int_range(pl.len(), dtype=pl.Int64).over([*(["symbol"] if "symbol" in found else []), table.time])
    return rows.with_columns(number.cast(pl.String if table.numbered in table.texts else pl.Int64).alias(table.numbered))


def _event_times(table: VersionedTable, frame: pl.DataFrame) -> pl.Series:
    """From the first column of times that says something; rows that it leaves out from the collector's clock."""
    by_name = {_plain(name): name for name in reversed(frame.columns)}
    names = _TIMES.get(table.time, (table.time, *_TICK_TIMES))
    given = [frame[by_name[name]] for name in names if name in by_name]
    said = [series for series in given if series.null_count() < len(series)] or given[:1]
    times = to_us(said[0])
    if times.null_count() and len(said) > 1 and _plain(said[-1].name) in _NAMES["received_time"]:
        times = times.zip_with(times.is_not_null(), to_us(said[-1]))
    return times.alias(table.time)


def _value(table: VersionedTable, column: str, found: Mapping[str, str], frame: pl.DataFrame) -> pl.Expr | pl.Series:
    given = found.get(column)
    if given is None and column in table.absent:
        kind = pl.String if column in table.texts else pl.Int64
        return pl.lit(table.absent[column], dtype=kind).alias(column)
    if column == "received_time":
        empty = given is None or frame[given].null_count() == len(frame)
        return pl.lit(None, dtype=pl.Int64).alias(column) if empty else to_us(frame[str(given)]).alias(column)
    if column not in table.texts:
        return _number(table, column, given)
    if given is None:
        return pl.lit(None, dtype=pl.String).alias(column)
    text = pl.col(given).cast(pl.String).str.strip_chars()
    return (text.str.to_lowercase() if column in ("side", "kind") else text).alias(column)


def to_us(times: pl.Series) -> pl.Series:
    """Microseconds since the epoch, UTC; null where there is no time. Raises Refused where units are mixed or out of bounds."""
    if times.dtype == pl.Date or isinstance(times.dtype, pl.Datetime):
        aware = times.cast(pl.Datetime("us"))
        return aware.cast(pl.Int64)
    if times.dtype == pl.String:
        text = times.str.strip_chars()
        numbers = text.cast(pl.Int64, strict=False)
        if numbers.null_count() == text.null_count():
            return _by_magnitude(numbers)
        if numbers.null_count() < len(text):
            raise Refused("the times mix epoch numbers and text: deliver one form in one file")
        return _from_text(text)
    if times.dtype.is_float():
        whole = times.fill_nan(None)
        times = whole.round(0).cast(pl.Int64, strict=False)
    if not times.dtype.is_integer():
        raise Refused(f"expected times as epoch numbers, dates or ISO 8601 text, got {times.dtype}")
    return _by_magnitude(times.cast(pl.Int64, strict=False))


def _by_magnitude(numbers: pl.Series) -> pl.Series:
    low, high = numbers.min(), numbers.max()
    if not isinstance(low, int) or not isinstance(high, int):
        raise Refused("the time column has no value")
    for per_s in _UNITS_PER_S.values():
        if _EARLIEST_S * per_s <= low and high < _LATEST_S * per_s:
            return _in_us(numbers, per_s)
    values = numbers.drop_nulls().to_numpy()
    units = {unit for unit, per_s in _UNITS_PER_S.items() if _any_within(values, per_s)}
    outside = len(values) - sum(_count_within(values, per_s) for per_s in _UNITS_PER_S.values())
    what = f"mixed epoch units {sorted(units)}" if len(units) > 1 else f"{outside} times outside 1990 to 2100 in any unit"
    raise Refused(f"{what}: expected one of s, ms, us, ns throughout one file; convert it and deliver it again")


def _in_us(numbers: pl.Series, per_s: int) -> pl.Series:
    return numbers * (1_000_000 // per_s) if per_s <= 1_000_000 else numbers // (per_s // 1_000_000)


def _count_within(values: np.ndarray, per_s: int) -> int:
    return int(np.count_nonzero((values >= _EARLIEST_S * per_s) & (values < _LATEST_S * per_s)))


def _any_within(values: np.ndarray, per_s: int) -> bool:
    return _count_within(values, per_s) > 0


def _from_text(text: pl.Series) -> pl.Series:
    return pl.Series(text.name, [None if item is None else _text_us(item) for item in text.to_list()], dtype=pl.Int64)


def _text_us(text: str) -> int | None:
    try:
        return parse_utc(text)
    except Refused:
        return None


def _number(table: VersionedTable, column: str, given: str | None) -> pl.Expr:
    target = pl.Int64 if column in table.integers else pl.Float64
    if given is None:
        return pl.lit(None, dtype=target).alias(column)
    number = pl.col(given).cast(pl.Float64, strict=False)
    finite = pl.when(number == 0.0).then(0.0).when(number.is_finite()).then(number)
    return finite.cast(target, strict=False).alias(column)


def _plain(name: str) -> str:
    return name.strip().lower().replace(" ", "_").replace("-", "_")
