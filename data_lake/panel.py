"""The rectangular view of the lake that research works on."""

from collections.abc import Sequence

import duckdb
import numpy as np
import pyarrow as pa

from data_lake.funding import on_grid
from data_lake.read import Query, read
from data_lake.schema import BARS, FUNDING
from domain.arrays import FloatArray, IntArray
from domain.errors import Refused
from domain.market import Market, Panel
from domain.times import US_PER_DAY

_FIELDS = ("open", "high", "low", "close", "volume", "taker_buy_volume")
_FUNDING_MARGIN_US = 7 * US_PER_DAY
"""Funding read beyond the panel's ends, so that its first and last bars know whether a series covers them."""


def panel(
    connection: duckdb.DuckDBPyConnection,
    venue: str,
    market: Market,
    interval_us: int,
    start_us: int,
    end_us: int,
    as_of_us: int,
    symbols: Sequence[str] | None,
    snapshot: int | None,
) -> Panel:
    """See `Lake.panel`."""
    if start_us % interval_us or end_us % interval_us or end_us <= start_us:
        raise Refused(f"panel from {start_us} to {end_us}: expected bounds on the grid of {interval_us} us, the second later")
    bars = read(connection, Query(BARS, venue, market, interval_us, start_us, end_us, as_of_us, symbols, snapshot))
    if bars.num_rows == 0:
        raise Refused(f"no {venue} {market.value} bars of {interval_us} us between {start_us} and {end_us}: ingest them first")
    open_time_us = np.arange(start_us, end_us, interval_us, dtype=np.int64)
    names, columns = _columns(bars, symbols)
    rows = (_ints(bars, "open_time") - start_us) // interval_us
    fields = {name: _scatter(bars, name, rows, columns, (len(open_time_us), len(names))) for name in _FIELDS}
    stamped = Query(
        FUNDING, venue, market, None, start_us - _FUNDING_MARGIN_US, end_us + _FUNDING_MARGIN_US, as_of_us, names, snapshot
    )
    rates = _funding(read(connection, stamped), names, open_time_us, interval_us)
    return Panel(venue, market, interval_us, names, open_time_us, **fields, funding_rate=rates)


def _columns(bars: pa.Table, symbols: Sequence[str] | None) -> tuple[tuple[str, ...], IntArray]:
    encoded = bars["symbol"].combine_chunks().dictionary_encode()
    held = encoded.dictionary.to_pylist()
    names = tuple(sorted(held)) if symbols is None else tuple(dict.fromkeys(symbols))
    place = np.array([names.index(symbol) for symbol in held], dtype=np.int64)
    return names, place[encoded.indices.to_numpy()]


def _scatter(bars: pa.Table, name: str, rows: IntArray, columns: IntArray, shape: tuple[int, int]) -> FloatArray:
    grid = np.full(shape, np.nan)
    grid[rows, columns] = bars[name].to_numpy()
    return grid


def _funding(stamps: pa.Table, names: Sequence[str], open_time_us: IntArray, interval_us: int) -> FloatArray:
    rates = np.full((len(open_time_us), len(names)), np.nan)
    symbol = stamps["symbol"].to_numpy()
    times, values = _ints(stamps, "funding_time"), stamps["funding_rate"].to_numpy()
    for column, name in enumerate(names):
        mine = symbol == name
        rates[:, column] = on_grid(times[mine], values[mine], open_time_us, interval_us)
    return rates


def _ints(table: pa.Table, name: str) -> IntArray:
    return np.asarray(table[name].to_numpy(), dtype=np.int64)
