"""The simulated market as a vendor would deliver it: files in memory; a step writes them out and ingests them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pyarrow as pa

from domain.arrays import BoolArray, FloatArray
from domain.times import US_PER_HOUR
from laboratory.bars import Bars
from laboratory.defects import UNFINISHED_SHARE, listed, misstated
from laboratory.funding import STAMP_HOURS
from laboratory.market import SimulatedMarket

US_PER_MS = 1_000
SNAPSHOT_HOURS = 6
"""Bars in the snapshot that carries the unfinished one; the others confirm what is known."""


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
    """All batches, in the order of the vendor's sending; together they say what `market.panel` says."""
    shape = (len(market.panel.open_time_us), len(market.panel.symbols))
    return (
        _history(market, listed(market.defects, shape)),
        _funding(market),
        _revision(market),
        _snapshot(market),
    )


def _history(market: SimulatedMarket, present: BoolArray) -> Delivery:
    bars = misstated(market.bars, market.defects, market.settings)
    rows = np.arange(present.shape[0])
    files = {
        f"{symbol}-1h.parquet": _bar_table(market, bars, column, rows[present[:, column]])
        for column, symbol in enumerate(market.panel.symbols)
    }
    return Delivery(name="history", table="bars", known_at="published", files=files)


def _revision(market: SimulatedMarket) -> Delivery:
    """The bars that the history misstated, corrected, as known from the time of the revision on."""
    defects = market.defects
    name = f"{market.panel.symbols[defects.revised_column]}-1h-corrected.csv"
    table = _bar_table(market, market.bars, defects.revised_column, np.arange(*defects.revised_rows))
    return Delivery(name="revision", table="bars", known_at=defects.revision_known_us, files={name: table})


def _snapshot(market: SimulatedMarket) -> Delivery:
    """The last hours of one symbol, taken before the last of them was over: that row belongs in quarantine."""
    defects = market.defects
    row, column = defects.unfinished_row, defects.unfinished_column
    bars = market.bars
    table = _bar_table(market, bars, column, np.arange(row + 1 - SNAPSHOT_HOURS, row + 1))
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
    file = f"{market.panel.symbols[column]}-1h-snapshot.csv"
    return Delivery(name="snapshot", table="bars", known_at=defects.unfinished_known_us, files={file: table})


def _funding(market: SimulatedMarket) -> Delivery:
    first_us = int(market.panel.open_time_us[0])
    stamps_us = first_us + STAMP_HOURS * US_PER_HOUR * np.arange(market.funding_rate.shape[0], dtype=np.int64)
    files = {}
    for column, symbol in enumerate(market.panel.symbols):
        alive = np.ones(len(stamps_us), dtype=np.bool_)
        if column == market.defects.delisted_column:
            alive = stamps_us < market.panel.open_time_us[market.defects.delisted_row]
        files[f"{symbol}-funding.parquet"] = pa.table(
            {
                "symbol": _repeated(symbol, int(alive.sum())),
                "funding_time": pa.array(stamps_us[alive] // US_PER_MS),
                "funding_rate": pa.array(market.funding_rate[alive, column]),
            }
        )
    return Delivery(name="funding", table="funding", known_at="published", files=files)


def _bar_table(market: SimulatedMarket, bars: Bars, column: int, rows: FloatArray | np.ndarray) -> pa.Table:
    columns = {"symbol": _repeated(market.panel.symbols[column], len(rows))}
    columns["open_time"] = pa.array(market.panel.open_time_us[rows] // US_PER_MS)
    for name in ("open", "high", "low", "close", "volume", "taker_buy_volume"):
        columns[name] = pa.array(getattr(bars, name)[rows, column])
    return pa.table(columns)


def _repeated(text: str, times: int) -> pa.Array:
    return pa.array([text] * times, type=pa.string())
