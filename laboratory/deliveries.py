"""The simulated market as a vendor would deliver it: files in memory; a step writes them out and ingests them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pyarrow as pa

from domain.arrays import IntArray
from domain.times import from_datetime
from laboratory.bars import Bars
from laboratory.defects import UNFINISHED_SHARE, listed, misstated
from laboratory.funding import STAMP_HOURS
from laboratory.market import SimulatedMarket

US_PER_MS = 1_000


@dataclass(frozen=True)
class Delivery:
    """One batch of files of venue `sim`, market `linear`, known at one stated time.

    `known_at` is `published` (each row when its bar closed, plus the feed's lag) or microseconds that hold for every row.
    `files` maps a file name to its table; the name's ending (`.parquet` or `.csv`) says how it is written. Columns are a
    vendor's: symbol and open_time (epoch milliseconds), open, high, low, close, volume, taker_buy_volume for bars;
    symbol, funding_time (epoch milliseconds), funding_rate for funding.
    """

    name: str
    table: Literal["bars", "funding"]
    known_at: Literal["published"] | int
    files: Mapping[str, pa.Table]


def deliveries(market: SimulatedMarket) -> tuple[Delivery, ...]:
    """All batches that had come by the cycle, in the order of the vendor's sending; together they say what `market.panel` says.

    A later cycle brings the same batches grown by its days and shortened by those that left the window.
    """
    batches = (_history(market), _funding(market), _revision(market), _snapshot(market))
    return tuple(batch for batch in batches if batch.files)


def _history(market: SimulatedMarket) -> Delivery:
    bars = misstated(market.bars, market.defects, market.settings)
    present = listed(market.defects, bars.close.shape)
    files = {
        f"{symbol}-1h.parquet": _bar_table(market, bars, column, np.flatnonzero(present[:, column]))
        for column, symbol in enumerate(_symbols(market))
    }
    return Delivery(name="history", table="bars", known_at="published", files=_with_rows(files))


def _revision(market: SimulatedMarket) -> Delivery:
    """The bars that the history misstated, corrected, as known from the time of the revision on."""
    column = market.defects.revised_column
    table = _bar_table(market, market.bars, column, np.arange(*market.defects.corrected_rows))
    known_at = from_datetime(market.settings.defects.revision_known_at)
    files = {f"{_symbols(market)[column]}-1h-corrected.csv": table}
    return Delivery(name="revision", table="bars", known_at=known_at, files=_with_rows(files))


def _snapshot(market: SimulatedMarket) -> Delivery:
    """Some hours of one symbol, taken before the last of them was over: that row belongs in quarantine."""
    rows, column = np.arange(*market.defects.snapshot_rows), market.defects.snapshot_column
    table = _bar_table(market, market.bars, column, rows)
    if len(rows):
        table = _with_unfinished_end(table, market.bars, int(rows[-1]), column)
    known_at = from_datetime(market.settings.defects.unfinished_taken_at)
    files = {f"{_symbols(market)[column]}-1h-snapshot.csv": table}
    return Delivery(name="snapshot", table="bars", known_at=known_at, files=_with_rows(files))


def _with_unfinished_end(table: pa.Table, bars: Bars, row: int, column: int) -> pa.Table:
    """The table whose last bar has come only part of its way."""
    high, low = bars.high[row, column], bars.low[row, column]
    partial = {
        "close": float(np.clip(bars.open[row, column], low, high)),
        "volume": float(np.round(bars.volume[row, column] * UNFINISHED_SHARE, 3)),
        "taker_buy_volume": float(np.round(bars.taker_buy_volume[row, column] * UNFINISHED_SHARE, 3)),
    }
    for name, value in partial.items():
        values = table.column(name).to_numpy().copy()
        values[-1] = value
        table = table.set_column(table.schema.get_field_index(name), name, pa.array(values))
    return table


def _funding(market: SimulatedMarket) -> Delivery:
    rows = STAMP_HOURS * np.arange(market.funding_rate.shape[0])
    files = {}
    for column, symbol in enumerate(_symbols(market)):
        delisted = column == market.defects.delisted_column
        alive = rows < (market.defects.delisted_rows[0] if delisted else market.window.hours)
        files[f"{symbol}-funding.parquet"] = pa.table(
            {
                "symbol": _repeated(symbol, int(alive.sum())),
                "funding_time": pa.array(market.window.open_time_us[rows[alive]] // US_PER_MS),
                "funding_rate": pa.array(market.funding_rate[alive, column]),
            }
        )
    return Delivery(name="funding", table="funding", known_at="published", files=_with_rows(files))


def _bar_table(market: SimulatedMarket, bars: Bars, column: int, rows: IntArray) -> pa.Table:
    columns = {"symbol": _repeated(_symbols(market)[column], len(rows))}
    columns["open_time"] = pa.array(market.window.open_time_us[rows] // US_PER_MS)
    for name in ("open", "high", "low", "close", "volume", "taker_buy_volume"):
        columns[name] = pa.array(getattr(bars, name)[rows, column])
    return pa.table(columns)


def _symbols(market: SimulatedMarket) -> tuple[str, ...]:
    """All of them, also one that is gone from the window: columns are counted in these."""
    return tuple(item.symbol for item in market.settings.symbols)


def _with_rows(files: Mapping[str, pa.Table]) -> dict[str, pa.Table]:
    return {name: table for name, table in files.items() if table.num_rows}


def _repeated(text: str, times: int) -> pa.Array:
    return pa.array([text] * times, type=pa.string())
