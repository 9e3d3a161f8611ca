"""Rows that no reader may ever see: the reason for each, or none."""

import polars as pl

from data_lake.schema import VersionedTable


def with_reason(table: VersionedTable, rows: pl.DataFrame, received_us: int) -> pl.DataFrame:
    """The rows with a column `reason`: the first thing wrong with each, null where it is sound.

    `rows`: the table's columns, `interval_us` for bars, and knowledge_time. A row is unfinished where it was known, or received,
    before the event was complete.
    """
    reasons = _bar_reasons() if table.name == "bars" else []
    reasons = [("no_time", pl.col(table.time).is_null()), *_null_reasons(table), *reasons]
    complete = pl.col(table.time) + (pl.col("interval_us") if table.name == "bars" else 0)
    reasons.append(("unfinished", (pl.col("knowledge_time") < complete) | (pl.lit(received_us) < complete)))
    answer: pl.Expr = pl.lit(None, dtype=pl.String)
    for name, wrong in reversed(reasons):
        answer = pl.when(wrong).then(pl.lit(name)).otherwise(answer)
    return rows.with_columns(reason=answer)


def _null_reasons(table: VersionedTable) -> list[tuple[str, pl.Expr]]:
    return [("no_symbol", pl.col("symbol").is_null())] + [
        (f"no_number_in_{column}", pl.col(column).is_null()) for column in table.required
    ]


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
