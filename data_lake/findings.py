"""A finding: something true of the data that a reader should know. Nothing is repaired on its account."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

import duckdb

from data_lake.catalogue import append_rows
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


def keep_findings(connection: duckdb.DuckDBPyConnection, findings: Sequence[Finding]) -> int:
    """Add those that the `findings` table does not hold yet, under the newest delivery; returns how many. Inside a transaction.

    A finding that is found again is one row: `delivery` is the state of the lake in which it was first found.
    """
    (head,) = connection.execute("SELECT delivery FROM head").fetchone() or (0,)
    rows = [finding_row(item, head) for item in findings]
    if not rows:
        return 0
    held = {row[1:] for row in connection.execute("FROM findings").fetchall()}
    new = list(dict.fromkeys(row for row in rows if row[1:] not in held))
    append_rows(connection, "findings", new)
    return len(new)
