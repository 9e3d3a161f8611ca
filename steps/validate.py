"""Is the data fit to decide on? Expectations on the rows, checks over the tables, and what stops the line."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from data_lake.checks import check, completeness
from data_lake.expectations import BatchValidation, validate_batch
from data_lake.feeds.declaration import Feed, load_feeds
from data_lake.findings import Finding
from data_lake.freshness import ended_symbols, sources_of, stale_findings
from data_lake.lake import Lake
from data_lake.quality_rules import QualityRules, load_rules
from data_lake.read import Series
from domain.times import US_PER_HOUR, iso
from steps.artefacts import save_json
from steps.as_of_view import first_us_of, series_of, start_of
from steps.quality_tables import Reason, TableQuality, grouped
from steps.run import Check, Run, StepResult
from steps.stopped_report import write_stopped_report


@dataclass(frozen=True)
class _Range:
    """What of the lake the decision will see."""

    interval_us: int
    start_us: int


def validate(run: Run) -> StepResult:
    """Validate the rows with Great Expectations, check the tables for gaps, stale runs and the like, and say what is red.

    Findings are kept and shown, nothing is repaired. What is red blocks the line at the next step, and the cycle's report says
    which table, which finding, and what to do.
    """
    rules = load_rules()
    with Lake(run.home.root) as lake:
        from_us = first_us_of(run)
        bars = series_of(lake, run.source.venue, run.source.market, run.cycle.closes_us, run.cycle.issued_us, from_us)
        seen = _Range(bars[0].interval_us or 0, start_of(bars, from_us))
        where = (run.source.venue, run.source.market, seen.interval_us, seen.start_us, run.cycle.closes_us, run.cycle.issued_us)
        findings, shares = check(lake, *where), completeness(lake, *where)
        lake.note(findings)
        # What a later delivery adds at the closing midnight itself belongs to the next cycle.
        held = lake.describe(as_of_us=run.cycle.issued_us, before_us=run.cycle.closes_us)
        stale = _stale(run, lake, seen, held)
        batches = _validate_batches(run, lake, seen)
    share = sum(shares.values()) / len(shares)
    tables = _tables(run, rules, bars, held, (*findings, *stale), share, batches)
    reasons = [reason for table in tables for reason in table.reasons(rules.red_kinds)]
    save_json(run, "quality", _as_json(rules, tables, shares, share, batches, reasons))
    if reasons:
        write_stopped_report(run)
    return _result(reasons, shares, share, [item for table in tables for item in table.findings])


def _stale(run: Run, lake: Lake, seen: _Range, held: Sequence[Series]) -> list[Finding]:
    """By the declared freshness of each feed that brought anything of these tables; files by hand have the desk's rule alone."""
    place = (run.source.venue, run.source.market)
    ended = ended_symbols(lake, *place, run.cycle.closes_us, run.cycle.issued_us)
    known = {
        "bars": sources_of(lake, "bars", *place, seen.interval_us, run.cycle.issued_us),
        "funding": sources_of(lake, "funding", *place, None, run.cycle.issued_us),
    }
    spoken = [feed for feed in load_feeds().feeds if _brings(feed, run, seen) and feed.name in known[feed.table]]
    return [item for feed in spoken for item in stale_findings(feed, held, run.cycle.closes_us, ended)]


def _brings(feed: Feed, run: Run, seen: _Range) -> bool:
    if (feed.venue, feed.market) != (run.source.venue, run.source.market):
        return False
    return feed.table == "funding" or (feed.table == "bars" and feed.interval_us == seen.interval_us)


def _validate_batches(run: Run, lake: Lake, seen: _Range) -> dict[str, BatchValidation]:
    """Great Expectations on every row that the decision will see."""
    docs = run.home.reports(run.cycle) / "data-docs"
    batches = {}
    for table in ("bars", "funding"):
        rows = lake.read(
            table,
            venue=run.source.venue,
            market=run.source.market,
            interval_us=seen.interval_us if table == "bars" else None,
            start_us=seen.start_us,
            end_us=run.cycle.closes_us,
            as_of_us=run.cycle.issued_us,
        )
        if rows.num_rows:
            batches[table] = validate_batch(table, rows, docs, f"{run.source.venue}-{run.source.market}-{run.cycle.label}")
    return batches


def _tables(
    run: Run,
    rules: QualityRules,
    bars: Sequence[Series],
    held: Sequence[Series],
    findings: Sequence[Finding],
    share: float,
    batches: dict[str, BatchValidation],
) -> tuple[TableQuality, ...]:
    """Bars, and funding where there is any: findings with a bar length are of the bars."""
    place = (run.source.venue, run.source.market.value)
    funding = tuple(item for item in held if item.table == "funding" and (item.venue, item.market.value) == place)
    of_bars = tuple(item for item in findings if item.interval_us is not None)
    of_funding = tuple(item for item in findings if item.interval_us is None)
    broken = tuple(_rules_broken(run, rules, bars, share))
    tables = [TableQuality("bars", *place, tuple(bars), of_bars, share, batches.get("bars"), broken)]
    if funding or of_funding:
        tables.append(TableQuality("funding", *place, funding, of_funding, None, batches.get("funding")))
    return tuple(tables)


def _rules_broken(run: Run, rules: QualityRules, bars: Sequence[Series], share: float) -> list[Reason]:
    """The desk's own rules over the whole table of bars, whoever brought it."""
    name, broken = f"bars of {run.source.venue} {run.source.market}", []
    newest_us = max(item.last_us for item in bars) + (bars[0].interval_us or 0)
    age_hours = (run.cycle.closes_us - newest_us) / US_PER_HOUR
    if age_hours > rules.stale_after_hours:
        said = f"the newest bar closed at {iso(newest_us)}, {age_hours:.0f} h before the cycle"
        broken.append(Reason("stale", f"{name}: {said}, {rules.stale_after_hours:g} h are allowed"))
    if share < rules.red_completeness_below:
        said = f"only {share:.1%} of the bars due are there, {rules.red_completeness_below:.0%} are needed"
        broken.append(Reason("incomplete", f"{name}: {said}"))
    return broken


def _as_json(
    rules: QualityRules,
    tables: Sequence[TableQuality],
    shares: dict[str, float],
    share: float,
    batches: dict[str, BatchValidation],
    reasons: Sequence[Reason],
) -> dict[str, Any]:
    return {
        "red": [reason.sentence for reason in reasons],
        "completeness": share,
        "by_symbol": shares,
        "expectations": {
            table: {"success": batch.success, "failed": list(batch.failed_expectations)} for table, batch in batches.items()
        },
        "findings": grouped([item for table in tables for item in table.findings]),
        "tables": [table.as_json(rules.red_kinds) for table in tables],
    }


def _result(reasons: Sequence[Reason], shares: dict[str, float], share: float, findings: Sequence[Finding]) -> StepResult:
    counts = Counter(finding.kind for finding in findings)
    red = "; ".join(reason.sentence for reason in reasons)
    return StepResult(
        headline=(f"RED: {red}" if red else "fit to decide on")
        + f"; {share:.3%} of bars due are there, {len(findings):,} findings",
        facts={"completeness": share, "findings": len(findings), **{f"finding {kind}": counts[kind] for kind in sorted(counts)}},
        table=tuple({"symbol": symbol, "completeness": round(shares[symbol], 6)} for symbol in sorted(shares)),
        checks=(Check("data_quality", not red, blocking=True, sentence=red or "nothing is red", facts={"completeness": share}),),
    )
