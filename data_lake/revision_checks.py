"""Bars that were delivered before they were over: told by their revisions, and by what quarantine holds."""

import json
from typing import TYPE_CHECKING

from data_lake.findings import Finding, Severity
from domain.market import Market

if TYPE_CHECKING:
    from data_lake.lake import Lake


def unfinished_bars(
    lake: "Lake", venue: str, market: Market, interval_us: int, start_us: int, end_us: int, as_of_us: int
) -> list[Finding]:
    """Bars of which an earlier version was a part of the later one: same open, less volume, no wider range."""
    query = """
    SELECT e.symbol, e.open_time, e.volume, l.volume, e.close, l.close, e.knowledge_time, l.knowledge_time
    FROM bars_superseded e JOIN (
        SELECT venue, market, interval_us, symbol, open_time, knowledge_time, open, high, low, close, volume FROM bars_current
        UNION ALL SELECT venue, market, interval_us, symbol, open_time, knowledge_time, open, high, low, close, volume
        FROM bars_superseded
    ) l ON l.venue = e.venue AND l.market = e.market AND l.interval_us = e.interval_us AND l.symbol = e.symbol
        AND l.open_time = e.open_time AND l.knowledge_time = e.known_until
    WHERE e.venue = ? AND e.market = ? AND e.interval_us = ? AND e.open_time >= ? AND e.open_time < ? AND e.known_until <= ?
        AND e.open = l.open AND e.high <= l.high AND e.low >= l.low AND e.volume < l.volume
    ORDER BY e.symbol, e.open_time, e.knowledge_time"""
    place = (venue, market.value, interval_us, start_us, end_us, as_of_us)
    findings = []
    for symbol, at_us, early, late, early_close, late_close, known_us, revised_us in lake.query(query, place):
        evidence = {"volume_before": early, "volume_after": late, "close_before": early_close, "close_after": late_close}
        evidence |= {"knowledge_time": known_us, "revised_at": revised_us}
        findings.append(Finding("unfinished_bar", Severity.AMBER, venue, market.value, symbol, interval_us, at_us, evidence))
    return findings


def unfinished_rows(lake: "Lake", venue: str, market: Market, interval_us: int, start_us: int, end_us: int) -> list[Finding]:
    """Rows that quarantine holds because they were known before their bar closed."""
    rows = lake.query("SELECT payload, origin, delivery FROM quarantine WHERE reason = 'unfinished' AND table_name = 'bars'", ())
    findings = []
    for payload, origin, delivery in rows:
        row = json.loads(payload)
        if (row["venue"], row["market"], row["interval_us"]) != (venue, market.value, interval_us):
            continue
        if start_us <= row["open_time"] < end_us:
            evidence = {"origin": origin, "delivery": delivery, "knowledge_time": row["knowledge_time"], "volume": row["volume"]}
            place = (venue, market.value, row["symbol"], interval_us, row["open_time"])
            findings.append(Finding("unfinished_row", Severity.INFO, *place, evidence))
    return findings
