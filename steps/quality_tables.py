"""What the checks found, table by table: rows, findings, and the reasons for which a table is red."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from data_lake.expectations import BatchValidation
from data_lake.findings import Finding, Severity
from data_lake.read import Series
from data_lake.remedies import remedy
from domain.times import US_PER_DAY, US_PER_HOUR, iso

EXAMPLES = 5


@dataclass(frozen=True)
class Reason:
    """One reason to stop: `kind` of finding or rule, what was found, and what to do."""

    kind: str
    what: str

    @property
    def remedy(self) -> str:
        return remedy(self.kind)

    @property
    def sentence(self) -> str:
        return f"{self.what}: {self.remedy}"


@dataclass(frozen=True)
class TableQuality:
    """One table of one venue and market; `completeness`: bars there over bars due, None for what has no grid."""

    table: str
    venue: str
    market: str
    series: tuple[Series, ...]
    findings: tuple[Finding, ...]
    completeness: float | None = None
    expectations: BatchValidation | None = None
    rules_broken: tuple[Reason, ...] = ()
    """Of the desk's own rules, beside the red findings."""

    def reasons(self, red_kinds: Sequence[str]) -> tuple[Reason, ...]:
        """Why the table is red; empty where it is not."""
        by_kind: dict[str, list[Finding]] = {}
        for item in self.findings:
            if item.severity is Severity.RED or item.kind in red_kinds:
                by_kind.setdefault(item.kind, []).append(item)
        found = [Reason(kind, self._named(kind, items)) for kind, items in sorted(by_kind.items())]
        if self.expectations is not None and not self.expectations.success:
            failed = ", ".join(self.expectations.failed_expectations)
            found.append(Reason("expectation", f"{self._name} fail the expectations {failed}"))
        return (*self.rules_broken, *found)

    @property
    def _name(self) -> str:
        return f"{self.table} of {self.venue} {self.market}"

    def _named(self, kind: str, items: Sequence[Finding]) -> str:
        more = f" and {len(items) - 1:,} more" if len(items) > 1 else ""
        noun = "finding" if len(items) == 1 else "findings"
        return f"{self._name}: {len(items):,} {noun} of {kind} ({in_words(items[0])}{more})"

    def as_json(self, red_kinds: Sequence[str]) -> dict[str, Any]:
        return {
            "table": self.table,
            "venue": self.venue,
            "market": self.market,
            "rows": sum(item.rows for item in self.series),
            "symbols": len({item.symbol for item in self.series}),
            "first_us": min((item.first_us for item in self.series), default=None),
            "last_us": max((item.last_us for item in self.series), default=None),
            "completeness": self.completeness,
            "findings": grouped(self.findings),
            "red": [{"kind": item.kind, "what": item.what, "remedy": item.remedy} for item in self.reasons(red_kinds)],
        }


def grouped(findings: Sequence[Finding]) -> list[dict[str, Any]]:
    """Findings counted by kind and severity, each with some examples in words."""
    groups: dict[tuple[str, str], list[Finding]] = {}
    for finding in findings:
        groups.setdefault((finding.kind, finding.severity.value), []).append(finding)
    return [
        {"kind": kind, "severity": severity, "count": len(group), "examples": [in_words(item) for item in group[:EXAMPLES]]}
        for (kind, severity), group in sorted(groups.items())
    ]


def in_words(finding: Finding) -> str:
    """One finding as a reader takes it in: symbol, time, and the evidence."""
    when = "" if finding.at_us is None else f" {iso(finding.at_us)}"
    return f"{finding.symbol}{when} " + ", ".join(_words(name, value) for name, value in _told(finding.evidence))


def _told(evidence: Mapping[str, object]) -> list[tuple[str, object]]:
    return [(name, value) for name, value in evidence.items() if value is not None]


def _words(name: str, value: object) -> str:
    """Times as ISO 8601, durations in hours, and other numbers with as many digits as anyone reads."""
    if name.endswith("_us") and isinstance(value, int):
        label = name.removesuffix("_us").replace("_", " ")
        if value > US_PER_DAY * 365:
            return f"{label} {iso(value)}"
        return f"{label} {value / US_PER_HOUR:.4g} h" if value >= US_PER_HOUR else f"{label} {value / 1000:g} ms"
    return f"{name.replace('_', ' ')} {f'{value:.4g}' if isinstance(value, float) else value}"
