"""A vendor's columns to the lake's: names by meaning, times to UTC microseconds by magnitude."""

from collections.abc import Sequence

import numpy as np
import polars as pl

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
}


def recognised_columns(table: VersionedTable, given: Sequence[str]) -> dict[str, str]:
    """The lake's column to the file's, for each column of the table that the file has; `symbol` too."""
    by_name = {_plain(name): name for name in reversed(given)}
    wanted: dict[str, tuple[str, ...]] = {table.time: _FUNDING_TIMES if table.name == "funding" else _BAR_TIMES}
    wanted |= {column: _NAMES[column] for column in ("symbol", *table.values)}
    found: dict[str, str] = {}
    for column, names in wanted.items():
        match = next((by_name[name] for name in names if name in by_name), None)
        if match is not None:
            found[column] = match
    return found


def missing_columns(table: VersionedTable, given: Sequence[str]) -> tuple[str, ...]:
    """The columns that a file of this table must carry and these names do not give."""
    found = recognised_columns(table, given)
    return tuple(column for column in (table.time, *table.required) if column not in found)


def to_lake_columns(table: VersionedTable, frame: pl.DataFrame) -> pl.DataFrame:
    """Columns `row` (0-based position in the file), `symbol` where given, the event time, and all values of the table.

    Values are float64 (trades int64); text that is no number, NaN and infinity become null; -0.0 becomes 0.0.
    Raises Refused where a required column is missing or the times cannot be told.
    """
    missing = missing_columns(table, frame.columns)
    if missing:
        raise Refused(
            f"missing column {', '.join(missing)}: expected {', '.join((table.time, *table.required))}, got {frame.columns}"
        )
    found = recognised_columns(table, frame.columns)
    columns = [pl.int_range(pl.len(), dtype=pl.Int64).alias("row"), to_us(frame[found[table.time]]).alias(table.time)]
    if "symbol" in found:
        columns.append(pl.col(found["symbol"]).cast(pl.String).str.strip_chars().alias("symbol"))
    columns += [_number(table, column, found.get(column)) for column in table.values]
    return frame.select(columns)


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
    values = numbers.drop_nulls().to_numpy()
    if len(values) == 0:
        raise Refused("the time column has no value")
    units = {unit for unit, per_s in _UNITS_PER_S.items() if _any_within(values, per_s)}
    outside = len(values) - sum(_count_within(values, per_s) for per_s in _UNITS_PER_S.values())
    if outside or len(units) != 1:
        what = f"mixed epoch units {sorted(units)}" if len(units) > 1 else f"{outside} times outside 1990 to 2100 in any unit"
        raise Refused(f"{what}: expected one of s, ms, us, ns throughout one file; convert it and deliver it again")
    per_s = _UNITS_PER_S[units.pop()]
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
