"""What is wrong, or only remarkable, in a market's bars and funding: SQL passes over one as-of read. Nothing is repaired."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import duckdb
import pyarrow as pa

from data_lake.bar_checks import BAR_CHECKS, with_neighbours
from data_lake.findings import Finding
from data_lake.funding_checks import funding_findings
from data_lake.outlier_checks import return_outliers
from data_lake.quality_rules import QualityRules, load_rules
from data_lake.revision_checks import unfinished_bars, unfinished_rows
from data_lake.sql_check import SqlCheck
from domain.market import Market

if TYPE_CHECKING:
    from data_lake.lake import Lake


def check(
    lake: "Lake",
    venue: str,
    market: Market,
    interval_us: int,
    start_us: int,
    end_us: int,
    as_of_us: int,
    symbols: Sequence[str] | None = None,
    rules: QualityRules | None = None,
) -> tuple[Finding, ...]:
    """All findings on the bars with start_us <= open_time < end_us known at `as_of_us`, and on the funding beside them.

    In order of kind, symbol and time. Red: duplicate, impossible_bar, ticker_reuse. `symbols` None: all that the lake holds.
    `rules` None: those of `config/quality.yaml`.
    """
    place = (venue, str(market), interval_us)
    span = {"start_us": start_us, "end_us": end_us, "as_of_us": as_of_us}
    bars = lake.read("bars", venue=venue, market=market, interval_us=interval_us, **span, symbols=symbols)
    findings = bar_findings(bars, place, rules)
    if market is not Market.SPOT:
        stamps = lake.read("funding", venue=venue, market=market, **span, symbols=symbols)
        findings += funding_findings(stamps, bars, place)
    revised = unfinished_bars(lake, venue, market, interval_us, start_us, end_us, as_of_us)
    revised += unfinished_rows(lake, venue, market, interval_us, start_us, end_us)
    findings += [item for item in revised if symbols is None or item.symbol in symbols]
    return tuple(sorted(findings, key=_order))


def bar_findings(bars: pa.Table, place: tuple[str, str, int], rules: QualityRules | None = None) -> list[Finding]:
    """What bars alone can fail; `bars`: an as-of read of one venue, market and interval (`place`)."""
    declared = load_rules() if rules is None else rules
    return [*_run(BAR_CHECKS, bars, place), *return_outliers(bars, place, declared.return_outliers)]


def completeness(
    lake: "Lake", venue: str, market: Market, interval_us: int, start_us: int, end_us: int, as_of_us: int
) -> dict[str, float]:
    """By symbol: bars present over bars due between its own first and last bar."""
    span: dict[str, Any] = {"start_us": start_us, "end_us": end_us, "as_of_us": as_of_us}
    bars = lake.read("bars", venue=venue, market=market, interval_us=interval_us, **span)
    with duckdb.connect() as session:
        session.register("bars", bars)
        rows = session.execute(
            "SELECT symbol, count(*) / ((max(open_time) - min(open_time)) // ? + 1) FROM bars GROUP BY symbol ORDER BY symbol",
            [interval_us],
        ).fetchall()
    return {symbol: float(share) for symbol, share in rows}


def _run(checks: tuple[SqlCheck, ...], bars: pa.Table, place: tuple[str, str, int]) -> Iterator[Finding]:
    with duckdb.connect() as session:
        session.register("bars", with_neighbours(bars))
        for item in checks:
            yield from item.findings(session, place)


def _order(finding: Finding) -> tuple[str, str, int, str]:
    return (finding.kind, finding.symbol, -1 if finding.at_us is None else finding.at_us, finding.evidence_json())
