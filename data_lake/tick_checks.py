"""What is wrong in captures of trades, quotes and depth: clocks, breaks and repeats of ids, crossed books."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import duckdb
import pyarrow as pa

from data_lake.findings import Finding, Severity
from data_lake.outlier_checks import tick_outliers
from data_lake.quality_rules import load_rules
from data_lake.sql_check import SqlCheck
from domain.market import Market

if TYPE_CHECKING:
    from data_lake.lake import Lake

_AMBER, _RED = Severity.AMBER, Severity.RED


def _clock(table: str, time: str) -> SqlCheck:
    """Received before it happened, one finding a symbol: latency from such a capture means nothing until the clock is right."""
    return SqlCheck(
        "clock_error",
        _AMBER,
        _AMBER,
        f"""SELECT symbol, min({time}) AS at_us, true AS serious, '{table}' AS "table", count(*) AS rows,
        min({time} - received_time) AS least_early_us, CAST(median({time} - received_time) AS BIGINT) AS median_early_us,
        max({time} - received_time) AS most_early_us
        FROM {table} WHERE received_time < {time} GROUP BY symbol""",
    )


ID_GAP = SqlCheck(
    "id_gap",
    _AMBER,
    _AMBER,
    """
WITH numbered AS (SELECT symbol, trade_time, TRY_CAST(trade_id AS BIGINT) AS id FROM trades),
steps AS (
    SELECT symbol, trade_time, id, lag(id) OVER w AS previous, lag(trade_time) OVER w AS previous_us
    FROM numbered WHERE id IS NOT NULL WINDOW w AS (PARTITION BY symbol ORDER BY id)
)
SELECT symbol, previous_us AS at_us, true AS serious, id - previous - 1 AS missing_ids, previous AS after_id,
    trade_time AS next_us
FROM steps WHERE id > previous + 1 AND trade_time - previous_us < 86400000000 AND id - previous < 100000000""",
)

ID_REPEAT = SqlCheck(
    "id_repeat",
    _RED,  # one trade counted twice
    _RED,
    """SELECT symbol, min(trade_time) AS at_us, true AS serious, trade_id, count(*) AS rows
    FROM trades GROUP BY symbol, trade_id HAVING count(*) > 1 AND TRY_CAST(trade_id AS BIGINT) > 1000000""",
)

CROSSED = SqlCheck(
    "crossed_quote",
    _RED,
    _RED,
    """SELECT symbol, quote_time AS at_us, true AS serious, bid_price, ask_price FROM quotes WHERE bid_price >= ask_price""",
)

REPEATED_STAMP = SqlCheck(
    "repeated_stamp",
    Severity.INFO,
    Severity.INFO,
    """SELECT symbol, quote_time AS at_us, true AS serious, count(*) AS quotes FROM quotes
    GROUP BY symbol, quote_time HAVING count(*) > 1 AND count(received_time) = 0""",
)

_MESSAGES = """
WITH messages AS (
    SELECT DISTINCT symbol, event_time, kind, first_update_id, final_update_id, previous_update_id FROM depth
), diffs AS (
    SELECT *, lag(final_update_id) OVER w AS before FROM messages WHERE kind = 'diff' AND final_update_id > 0
    WINDOW w AS (PARTITION BY symbol ORDER BY final_update_id)
)"""

DEPTH_BREAK = SqlCheck(
    "depth_break",
    _RED,  # the book from here on is not the exchange's
    _RED,
    f"""{_MESSAGES}
    SELECT symbol, event_time AS at_us, true AS serious, before, first_update_id, previous_update_id FROM diffs
    WHERE before IS NOT NULL AND coalesce(previous_update_id <> before, first_update_id > before + 1)""",
)

STALE_DIFF = SqlCheck(
    "diff_before_snapshot",
    Severity.INFO,
    Severity.INFO,
    f"""{_MESSAGES}
    SELECT d.symbol, min(d.event_time) AS at_us, true AS serious, count(*) AS messages, s.final_update_id AS snapshot_id
    FROM diffs d JOIN (SELECT DISTINCT symbol, final_update_id FROM messages WHERE kind = 'snapshot') s
    ON d.symbol = s.symbol AND d.final_update_id <= s.final_update_id GROUP BY d.symbol, s.final_update_id""",
)

NO_SNAPSHOT = SqlCheck(
    "no_snapshot",
    _AMBER,
    _AMBER,
    """SELECT symbol, min(event_time) AS at_us, true AS serious, count(*) AS rows FROM depth
    GROUP BY symbol HAVING count(*) FILTER (kind = 'snapshot') = 0""",
)

TICK_CHECKS: Mapping[str, tuple[SqlCheck, ...]] = {
    "trades": (_clock("trades", "trade_time"), ID_GAP, ID_REPEAT),
    "quotes": (_clock("quotes", "quote_time"), CROSSED, REPEATED_STAMP),
    "depth": (_clock("depth", "event_time"), DEPTH_BREAK, STALE_DIFF, NO_SNAPSHOT),
}


def check_ticks(
    lake: "Lake",
    table: str,
    venue: str,
    market: Market,
    start_us: int,
    end_us: int,
    as_of_us: int,
    symbols: Sequence[str] | None = None,
) -> tuple[Finding, ...]:
    """All findings on trades, quotes or depth with start_us <= event time < end_us known at `as_of_us`.

    In order of kind, symbol and time. `symbols` None: all that the lake holds.
    """
    span = {"start_us": start_us, "end_us": end_us, "as_of_us": as_of_us}
    rows = lake.read(table, venue=venue, market=market, **span, symbols=symbols)
    quotes = None
    if table == "trades":
        quotes = lake.read("quotes", venue=venue, market=market, **span, symbols=symbols)
    return tick_findings(rows, quotes, table, (venue, market.value))


def tick_findings(rows: pa.Table, quotes: pa.Table | None, table: str, place: tuple[str, str]) -> tuple[Finding, ...]:
    """The same on rows of one venue and market (`place`); `quotes`: those beside trades."""
    with duckdb.connect() as session:
        session.register("given", rows)
        session.execute(f"CREATE TABLE {table} AS FROM given")
        found = [
            Finding(item.kind, item.severity, *place, item.symbol, None, item.at_us, item.evidence)
            for check in TICK_CHECKS[table]
            for item in check.findings(session, (*place, 0))
        ]
    found += tick_outliers(rows, quotes, table, place, load_rules().tick_outliers)
    return tuple(sorted(found, key=lambda item: (item.kind, item.symbol, item.at_us or 0, item.evidence_json())))
