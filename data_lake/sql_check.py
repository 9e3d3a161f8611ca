"""One check of bars as one SQL statement."""

from collections.abc import Iterator
from dataclasses import dataclass

import duckdb

from data_lake.findings import Finding, Severity


@dataclass(frozen=True)
class SqlCheck:
    """`sql` reads the table `bars` (rows by symbol and open_time) and `$interval_us`.

    It answers symbol, at_us, serious (boolean), and then the columns of the evidence.
    """

    kind: str
    severity: Severity
    """Where `serious` is false."""
    serious: Severity
    sql: str

    def findings(self, session: duckdb.DuckDBPyConnection, place: tuple[str, str, int]) -> Iterator[Finding]:
        venue, market, interval_us = place
        parameters = {"interval_us": interval_us} if "$interval_us" in self.sql else None
        answer = session.execute(
            self.sql.replace("$interval_us", "$interval_us::BIGINT"), parameters
        )  # 3 * 15 minutes is no INTEGER
        names = [item[0] for item in answer.description or ()][3:]
        for symbol, at_us, serious, *evidence in answer.fetchall():
            severity = self.serious if serious else self.severity
            yield Finding(self.kind, severity, venue, market, symbol, interval_us, at_us, dict(zip(names, evidence, strict=True)))
