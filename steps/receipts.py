"""Receipts: which pods have answered for which document, on the record."""

from domain.canonical import digest_bytes
from steps.allocation_documents import load_documents
from steps.run import Run, StepResult
from steps.sign import parse_allocation
from steps.trust import open_log

RECEIPT = "receipt"


def receipts(run: Run) -> StepResult:
    """Put the digest of each receipt held for this cycle's documents on the log."""
    held = []
    for pod, payload in load_documents(run).items():
        document = parse_allocation(payload)
        path = run.home.receipts / f"{document.cycle}.{pod}.r{document.revision}.json"
        if path.exists():
            held.append({"pod": pod, "document": digest_bytes(payload), "receipt": digest_bytes(path.read_bytes())})
    open_log(run.home).append_many([(RECEIPT, body) for body in held])
    return StepResult(headline=f"{len(held)} receipts held", facts={"receipts": len(held)})
