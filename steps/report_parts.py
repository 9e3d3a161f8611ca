"""What the pages of a cycle share: how it was run, and the state of its tables."""

from typing import Any

from reporting.data import FeedQuality, Finding, QuarantinedRows, RedReason, Severity
from reporting.values import Mode
from steps.artefacts import load_json
from steps.run import Run


def mode_of(run: Run) -> Mode:
    """Nothing here trades yet: real data makes a shadow report."""
    return Mode.SIMULATED if run.source.simulated else Mode.SHADOW


def replay_command(run: Run) -> str:
    """The command that runs this cycle."""
    folders = " --from-lake" if run.source.from_lake else "".join(f" --data {folder}" for folder in run.source.folders)
    market = "" if run.source.simulated else f" --market {run.source.market} --venue {run.source.venue}"
    return f"factory run --cycle {run.cycle.label}{folders}{market}"


def table_qualities(run: Run) -> tuple[FeedQuality, ...]:
    """The tables of the decision; what this run's deliveries left in quarantine is shown with the first."""
    held: dict[str, int] = {}
    for delivery in load_json(run, "ingest"):
        for reason, rows in delivery["reasons"]:
            held[reason] = held.get(reason, 0) + rows
    quarantined = tuple(QuarantinedRows(reason=reason, rows=rows) for reason, rows in sorted(held.items()))
    tables = load_json(run, "quality")["tables"]
    return tuple(_quality(table, () if number else quarantined) for number, table in enumerate(tables))


def _quality(table: dict[str, Any], quarantined: tuple[QuarantinedRows, ...]) -> FeedQuality:
    return FeedQuality(
        table=table["table"],
        feed=f"{table['venue']} {table['market']}",
        rows=table["rows"],
        symbols=table["symbols"],
        first_us=table["first_us"],
        last_us=table["last_us"],
        completeness=table["completeness"],
        findings=tuple(
            Finding(
                kind=item["kind"],
                severity=Severity(item["severity"].upper()),
                count=item["count"],
                examples=tuple(item["examples"]),
            )
            for item in table["findings"]
        ),
        quarantined=quarantined,
        data_docs="data-docs/index.html",
        red=tuple(RedReason(what=item["what"], remedy=item["remedy"]) for item in table["red"]),
    )
