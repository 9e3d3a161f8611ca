"""Holes in what a stream brought: bars by their grid, trades by their numbers. Order and repetition are no holes."""

from dataclasses import dataclass

import polars as pl


@dataclass(frozen=True)
class Hole:
    """`missing` items of one symbol, all with since_us <= event time < until_us."""

    symbol: str
    since_us: int
    until_us: int
    missing: int


def missing_bars(rows: pl.DataFrame, interval_us: int, since_us: int | None) -> tuple[Hole, ...]:
    """Between the first and last bar of each symbol; from `since_us` on where it is given (what the lake still lacks)."""
    holes = []
    for symbol, times in _by_symbol(rows.select("symbol", "open_time")):
        last = since_us - interval_us if since_us is not None else times[0]
        for time in times:
            if time - last > interval_us:
                holes.append(Hole(symbol, last + interval_us, time, (time - last) // interval_us - 1))
            last = max(last, time)
    return tuple(holes)


def missing_trades(rows: pl.DataFrame) -> tuple[Hole, ...]:
    """Where the venue numbers its trades; ids that are no numbers tell nothing."""
    numbered = rows.select("symbol", pl.col("trade_id").cast(pl.Int64, strict=False), "trade_time").drop_nulls().unique()
    holes = []
    for (symbol,), group in numbered.sort("symbol", "trade_id").group_by("symbol", maintain_order=True):
        ids, times = group["trade_id"].to_list(), group["trade_time"].to_list()
        for index in range(1, len(ids)):
            if ids[index] > ids[index - 1] + 1:
                holes.append(Hole(str(symbol), times[index - 1], times[index] + 1, ids[index] - ids[index - 1] - 1))
    return tuple(holes)


def _by_symbol(rows: pl.DataFrame) -> list[tuple[str, list[int]]]:
    ordered = rows.drop_nulls().unique().sort("symbol", "open_time")
    return [(str(symbol), group["open_time"].to_list()) for (symbol,), group in ordered.group_by("symbol", maintain_order=True)]
