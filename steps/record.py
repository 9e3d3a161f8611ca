"""The record: what was issued, in the append-only log, before it is delivered."""

from steps.allocation_documents import ALLOCATION, load_documents, log_body
from steps.run import Run, StepResult
from steps.sign import parse_allocation
from steps.trust import open_log


def record(run: Run) -> StepResult:
    """Append every allocation document to the Merkle log; the same document again is the same entry."""
    log = open_log(run.home)
    log.append_many([(ALLOCATION, log_body(parse_allocation(payload), payload)) for payload in load_documents(run).values()])
    report = log.verify()
    return StepResult(
        headline=f"log of {report.size:,} entries, "
        + ("intact" if report.valid else "NOT intact: " + "; ".join(report.problems)),
        facts={"entries": report.size, "root": str(report.root), "intact": str(report.valid)},
    )
