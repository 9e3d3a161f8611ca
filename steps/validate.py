"""Is the data fit to decide on? Expectations on the rows, checks over the tables, and what stops the line."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from pydantic import Field

from data_lake.checks import check, completeness
from data_lake.expectations import BatchValidation, validate_batch
from data_lake.findings import Finding, Severity
from data_lake.lake import Lake
from data_lake.read import Series
from domain.model import Frozen
from domain.times import US_PER_DAY, US_PER_HOUR, iso
from steps.artefacts import save_json
from steps.as_of_view import first_us_of, series_of, start_of
from steps.configuration import CONFIG, load
from steps.run import Check, Run, StepResult

EXAMPLES = 5


class QualityRules(Frozen):
    """`config/quality.yaml`."""

    stale_after_hours: float = Field(gt=0)
    red_completeness_below: float = Field(ge=0, le=1)
    red_kinds: tuple[str, ...]


def validate(run: Run) -> StepResult:
    """Validate the rows with Great Expectations, check the tables for gaps, stale runs and the like, and say what is red.

    Findings are kept and shown, nothing is repaired. What is red blocks the line at the next step.
    """
    rules = load(CONFIG / "quality.yaml", QualityRules)
    with Lake(run.home.root) as lake:
        from_us = first_us_of(run)
        bars = series_of(lake, run.source.venue, run.source.market, run.cycle.closes_us, run.cycle.issued_us, from_us)
        start_us = start_of(bars, from_us)
        where = (run.source.venue, run.source.market, bars[0].interval_us, start_us, run.cycle.closes_us, run.cycle.issued_us)
        findings = check(lake, *where)
        shares = completeness(lake, *where)
        batches = _validate_batches(run, lake, bars[0].interval_us, start_us)
    share = sum(shares.values()) / len(shares)
    red = _red(run, rules, bars, findings, share, batches)
    save_json(run, "quality", _as_json(bars, findings, shares, share, batches, red))
    counts = Counter(finding.kind for finding in findings)
    passed = not red
    return StepResult(
        headline=(f"RED: {'; '.join(red)}" if red else "fit to decide on")
        + f"; {share:.3%} of bars due are there, {len(findings):,} findings",
        facts={"completeness": share, "findings": len(findings), **{f"finding {kind}": counts[kind] for kind in sorted(counts)}},
        table=tuple({"symbol": symbol, "completeness": round(shares[symbol], 6)} for symbol in sorted(shares)),
        checks=(
            Check(
                "data_quality", passed, blocking=True, sentence="; ".join(red) or "nothing is red", facts={"completeness": share}
            ),
        ),
    )


def _validate_batches(run: Run, lake: Lake, interval_us: int, start_us: int) -> dict[str, BatchValidation]:
    """Great Expectations on every row that the decision will see."""
    docs = run.home.reports(run.cycle) / "data-docs"
    batches = {}
    for table in ("bars", "funding"):
        rows = lake.read(
            table,
            venue=run.source.venue,
            market=run.source.market,
            interval_us=interval_us if table == "bars" else None,
            start_us=start_us,
            end_us=run.cycle.closes_us,
            as_of_us=run.cycle.issued_us,
        )
        if rows.num_rows:
            batches[table] = validate_batch(table, rows, docs, f"{run.source.venue}-{run.source.market}-{run.cycle.label}")
    return batches


def _red(
    run: Run,
    rules: QualityRules,
    bars: Sequence[Series],
    findings: Sequence[Finding],
    share: float,
    batches: dict[str, BatchValidation],
) -> list[str]:
    """One sentence for each reason to stop."""
    reasons = []
    newest_us = max(item.last_us for item in bars) + bars[0].interval_us
    age_hours = (run.cycle.closes_us - newest_us) / US_PER_HOUR
    if age_hours > rules.stale_after_hours:
        reasons.append(
            f"the newest bar closed at {iso(newest_us)}, {age_hours:.0f} h before the cycle: bring the feed up to date"
        )
    if share < rules.red_completeness_below:
        reasons.append(f"only {share:.1%} of the bars due are there, {rules.red_completeness_below:.0%} are needed")
    kinds = Counter(item.kind for item in findings if item.kind in rules.red_kinds or item.severity is Severity.RED)
    reasons += [f"{count:,} findings of {kind}" for kind, count in sorted(kinds.items())]
    for table, batch in sorted(batches.items()):
        if not batch.success:
            reasons.append(f"{table} fail the expectations {', '.join(batch.failed_expectations)}: see the Data Docs")
    return reasons


def _as_json(
    bars: Sequence[Series],
    findings: Sequence[Finding],
    shares: dict[str, float],
    share: float,
    batches: dict[str, BatchValidation],
    red: list[str],
) -> dict[str, Any]:
    groups: dict[tuple[str, str], list[Finding]] = {}
    for finding in findings:
        groups.setdefault((finding.kind, finding.severity.value), []).append(finding)
    return {
        "red": red,
        "completeness": share,
        "by_symbol": shares,
        "rows": sum(item.rows for item in bars),
        "first_us": min(item.first_us for item in bars),
        "last_us": max(item.last_us for item in bars),
        "expectations": {
            table: {"success": batch.success, "failed": list(batch.failed_expectations)} for table, batch in batches.items()
        },
        "findings": [
            {"kind": kind, "severity": severity, "count": len(group), "examples": [_sentence(item) for item in group[:EXAMPLES]]}
            for (kind, severity), group in sorted(groups.items())
        ],
    }


def _sentence(finding: Finding) -> str:
    when = "" if finding.at_us is None else f" {iso(finding.at_us)}"
    return f"{finding.symbol}{when} " + ", ".join(_words(name, value) for name, value in finding.evidence.items())


def _words(name: str, value: object) -> str:
    """Times as ISO 8601, durations in hours, and other numbers with as many digits as anyone reads."""
    if name.endswith("_us") and isinstance(value, int):
        label = name.removesuffix("_us").replace("_", " ")
        if value > US_PER_DAY * 365:
            return f"{label} {iso(value)}"
        return f"{label} {value / US_PER_HOUR:g} h" if value >= US_PER_HOUR else f"{label} {value / 1000:g} ms"
    return f"{name.replace('_', ' ')} {f'{value:.4g}' if isinstance(value, float) else value}"
