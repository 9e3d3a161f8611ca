"""Bars of one market at two lengths, from two sources: the long ones against the short ones summed."""

from typing import TYPE_CHECKING, Any

import duckdb

from data_lake.findings import Finding, Severity
from domain.errors import Refused
from domain.market import Market

if TYPE_CHECKING:
    from data_lake.lake import Lake

PRICE_TOLERANCE = 1e-9
VOLUME_TOLERANCE = 1e-6
"""Relative: a vendor rounds each volume once, and a sum of roundings is not the rounded sum."""

_COMPARE = f"""
WITH summed AS (
    SELECT symbol, open_time // $long_us * $long_us AS open_time, arg_min(open, open_time) AS open, max(high) AS high,
        min(low) AS low, arg_max(close, open_time) AS close, sum(volume) AS volume
    FROM short GROUP BY ALL HAVING count(*) = $long_us // $short_us
)
SELECT l.symbol, l.open_time, l.open, s.open, l.high, s.high, l.low, s.low, l.close, s.close, l.volume, s.volume
FROM long l JOIN summed s USING (symbol, open_time)
WHERE greatest(abs(l.open / s.open - 1), abs(l.high / s.high - 1), abs(l.low / s.low - 1), abs(l.close / s.close - 1))
        > {PRICE_TOLERANCE}
    OR abs(l.volume - s.volume) > {VOLUME_TOLERANCE} * greatest(l.volume, s.volume)
ORDER BY l.symbol, l.open_time"""


def interval_conflicts(
    lake: "Lake", venue: str, market: Market, short_us: int, long_us: int, start_us: int, end_us: int, as_of_us: int
) -> list[Finding]:
    """Long bars that are not the sum of their short ones, where all of these are there. Neither is held to be the true one."""
    if long_us <= short_us or long_us % short_us:
        raise Refused(f"expected two bar lengths of which one divides the other, got {short_us} and {long_us} us")
    where: dict[str, Any] = {"venue": venue, "market": market, "start_us": start_us, "end_us": end_us, "as_of_us": as_of_us}
    with duckdb.connect() as session:
        # a sum of floats follows the chunks of its table
        session.register("short", lake.read("bars", **where, interval_us=short_us).combine_chunks())
        session.register("long", lake.read("bars", **where, interval_us=long_us).combine_chunks())
        rows = session.execute(_COMPARE, {"long_us": long_us, "short_us": short_us}).fetchall()
    findings = []
    for symbol, at_us, *pairs in rows:
        names = ("open", "high", "low", "close", "volume")
        evidence = {name: pairs[2 * place] for place, name in enumerate(names)}
        evidence |= {f"{name}_summed": pairs[2 * place + 1] for place, name in enumerate(names)} | {"summed_from_us": short_us}
        findings.append(Finding("interval_conflict", Severity.AMBER, venue, market.value, symbol, long_us, at_us, evidence))
    return findings
