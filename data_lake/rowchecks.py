"""Rows that no reader may ever see: the reason for each, or none."""

import polars as pl

from data_lake.schema import VersionedTable


def with_reason(table: VersionedTable, rows: pl.DataFrame, received_us: int) -> pl.DataFrame:
    """The rows with a column `reason`: the first thing wrong with each, null where it is sound.

    `rows`: the table's columns, `interval_us` for bars, and knowledge_time. A row is unfinished where it was known, or received,
    before the event was complete; what is announced beforehand is not.
    """
    reasons = _bar_reasons() if table.name == "bars" else _tick_reasons(table)
    reasons = [("no_time", pl.col(table.time).is_null()), *_null_reasons(table), *reasons]
    complete = pl.col(table.time) + (pl.col("interval_us") if table.name == "bars" else 0)
    if not table.announced:
        reasons.append(("unfinished", (pl.col("knowledge_time") < complete) | (pl.lit(received_us) < complete)))
    answer: pl.Expr = pl.lit(None, dtype=pl.String)
    for name, wrong in reversed(reasons):
        answer = pl.when(wrong).then(pl.lit(name)).otherwise(answer)
    return rows.with_columns(reason=answer)


def _null_reasons(table: VersionedTable) -> list[tuple[str, pl.Expr]]:
    needed = (*table.within, *table.required)
    names = [name for name in table.key if name == "symbol" or name in table.texts]
    unreadable = [(f"unreadable_{name}", pl.col(name).str.contains("\0", literal=True).fill_null(False)) for name in names]
    return [("no_symbol", pl.col("symbol").is_null()), *unreadable] + [
        (f"{'nothing' if column in table.texts else 'no_number'}_in_{column}", pl.col(column).is_null()) for column in needed
    ]


def _tick_reasons(table: VersionedTable) -> list[tuple[str, pl.Expr]]:
    """A price is positive, a quantity is not negative, and a word is one of those that it can be."""
    reasons = [("non_positive_price", pl.col(name) <= 0) for name in table.key + table.required if name.endswith("price")]
    reasons += [("negative_quantity", pl.col(name) < 0) for name in table.required if name.endswith("quantity")]
    columns = {*table.key, *table.values}
    words = [(column, known) for (name, column), known in _WORDS.items() if name == table.name and column in columns]
    reasons += [(f"unknown_{column}", (~pl.col(column).is_in(list(known))).fill_null(False)) for column, known in words]
    return reasons


_WORDS = {
    ("trades", "side"): ("buy", "sell"),
    ("fills", "side"): ("buy", "sell"),
    ("depth", "side"): ("bid", "ask"),
    ("depth", "kind"): ("snapshot", "diff"),
    ("transfers", "direction"): ("in", "out"),
    ("instruments", "status"): ("listed", "halted", "delisted"),
}


def _bar_reasons() -> list[tuple[str, pl.Expr]]:
    prices = [pl.col(name) for name in ("open", "high", "low", "close")]
    sizes = [pl.col(name) for name in ("volume", "quote_volume", "trades", "taker_buy_volume", "taker_buy_quote_volume")]
    body_top, body_bottom = pl.max_horizontal("open", "close"), pl.min_horizontal("open", "close")
    return [
        ("non_positive_price", pl.any_horizontal(price <= 0 for price in prices)),
        ("high_below_low", pl.col("high") < pl.col("low")),
        ("high_below_body", pl.col("high") < body_top),
        ("low_above_body", pl.col("low") > body_bottom),
        ("negative_volume", pl.any_horizontal((size < 0).fill_null(False) for size in sizes)),
        ("off_grid", pl.col("open_time") % pl.col("interval_us") != 0),
    ]
