"""A finding: something true of the data that a reader should know. Nothing is repaired on its account."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from domain.canonical import canonical_bytes, rounded


class Severity(StrEnum):
    """Info: worth knowing. Amber: mind it. Red: do not decide on this."""

    INFO = "info"
    AMBER = "amber"
    RED = "red"


@dataclass(frozen=True)
class Finding:
    """One finding; `at_us` is the event time it begins at, None where it is of a whole series."""

    kind: str
    severity: Severity
    venue: str
    market: str
    symbol: str
    interval_us: int | None
    at_us: int | None
    evidence: Mapping[str, object] = field(default_factory=dict)
    """Numbers and text behind it; times as integer microseconds."""

    def evidence_json(self) -> str:
        return canonical_bytes(rounded(dict(self.evidence), 12)).decode()


def finding_row(finding: Finding, delivery: int) -> tuple[object, ...]:
    """As stored in the `findings` table."""
    place = (finding.venue, finding.market, finding.symbol, finding.interval_us, finding.at_us)
    return (delivery, finding.kind, finding.severity.value, *place, finding.evidence_json())
