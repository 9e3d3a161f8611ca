"""The checks that one market's bars alone can fail."""

import polars as pl
import pyarrow as pa

from data_lake.findings import Severity
from data_lake.sql_check import SqlCheck

_DAY_US = 86_400_000_000

_SAME = ("open", "high", "low", "close", "volume")


def with_neighbours(bars: pa.Table) -> pa.Table:
    """Bars in key order with what the checks ask of the row before: `previous_us`, `previous_close`, and whether it `repeats`.

    Null, null and false for the first bar of a symbol.
    """
    follows = pl.col("symbol") == pl.col("symbol").shift(1)
    return (
        pl.DataFrame(bars)
        .with_columns(
            previous_us=pl.when(follows).then(pl.col("open_time").shift(1)),
            previous_close=pl.when(follows).then(pl.col("close").shift(1)),
            repeats=(follows & pl.all_horizontal(pl.col(name) == pl.col(name).shift(1) for name in _SAME)).fill_null(False),
        )
        .to_arrow()
    )


GAP = SqlCheck(
    "gap",
    Severity.INFO,
    Severity.AMBER,  # a day or more
    """SELECT symbol, previous_us + $interval_us AS at_us, open_time - previous_us > 86400000000 AS serious,
        (open_time - previous_us) // $interval_us - 1 AS missing_bars, previous_us, open_time AS next_us
    FROM bars WHERE open_time - previous_us > $interval_us""",
)

TICKER_REUSE = SqlCheck(
    "ticker_reuse",
    Severity.RED,  # the series joins two coins: every return across the hole is fiction
    Severity.RED,
    f"""SELECT symbol, open_time AS at_us, true AS serious, open_time - previous_us AS hole_us,
        previous_close AS price_before, open AS price_after, open / previous_close AS ratio
    FROM bars WHERE open_time - previous_us > 7 * {_DAY_US} AND (open > 10 * previous_close OR previous_close > 10 * open)""",
)

# Neighbouring bars that meet the same condition form one run: a new one starts where the step or the price breaks.
_RUNS = """
WITH marked AS (
    SELECT symbol, open_time, close, row_number() OVER (PARTITION BY symbol ORDER BY open_time)
        - open_time // $interval_us AS run FROM bars WHERE {condition}
)
SELECT symbol, min(open_time) AS at_us, count(*) * $interval_us >= {serious_us} AS serious, count(*) AS bars,
    min(close) AS price, max(open_time) AS last_us
FROM marked GROUP BY symbol, run{price} HAVING count(*) >= {fewest}"""

ZERO_VOLUME = SqlCheck(
    "zero_volume",
    Severity.INFO,
    Severity.AMBER,
    _RUNS.format(condition="volume = 0", serious_us=_DAY_US, price="", fewest=1),
)

FLAT_RUN = SqlCheck(
    "flat_run",
    Severity.INFO,
    Severity.AMBER,
    _RUNS.format(condition="high = low", serious_us=_DAY_US, price=", close", fewest=3),
)

REPEATED_BAR = SqlCheck(
    "repeated_bar",
    Severity.AMBER,  # the same prices and the same non-zero volume twice is a copy, not a market
    Severity.AMBER,
    """SELECT symbol, open_time AS at_us, true AS serious, close AS price, volume FROM bars
    WHERE repeats AND volume > 0 AND high > low""",
)

DUPLICATE = SqlCheck(
    "duplicate",
    Severity.RED,
    Severity.RED,
    """SELECT symbol, open_time AS at_us, true AS serious, count(*) AS rows
    FROM bars WHERE (symbol, open_time) IN (SELECT symbol, open_time FROM bars WHERE open_time = previous_us)
    GROUP BY symbol, open_time""",
)

IMPOSSIBLE_BAR = SqlCheck(
    "impossible_bar",
    Severity.RED,
    Severity.RED,
    """SELECT symbol, open_time AS at_us, true AS serious, open, high, low, close, volume FROM bars
    WHERE NOT (least(open, close) >= low AND greatest(open, close) <= high AND low > 0 AND volume >= 0
        AND isfinite(high) AND isfinite(volume) AND open_time % $interval_us = 0)""",
)

DELISTED = SqlCheck(
    "series_ends_early",
    Severity.INFO,
    Severity.INFO,
    f"""SELECT symbol, max(open_time) AS at_us, true AS serious, (SELECT max(open_time) FROM bars) AS panel_ends_us FROM bars
    GROUP BY symbol HAVING panel_ends_us - max(open_time) > greatest({_DAY_US}, 3 * $interval_us)""",
)

BAR_CHECKS = (GAP, TICKER_REUSE, ZERO_VOLUME, FLAT_RUN, REPEATED_BAR, DUPLICATE, IMPOSSIBLE_BAR, DELISTED)
