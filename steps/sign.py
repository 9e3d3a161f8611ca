"""Signing: payload bytes into envelopes."""

from pathlib import Path

from domain.documents import ALLOCATION_TYPE, VOLATILITY_TYPE, AllocationDocument
from durable.files import write_durably
from ledger.envelope import seal
from ledger.payloads import parse_payload
from steps.allocation_documents import load_documents
from steps.artefacts import load_bytes
from steps.as_of_view import load_view
from steps.run import Run, StepResult
from steps.trust import allocator_key


def sign(run: Run) -> StepResult:
    """Seal each document with the allocator's key; every `*.json` under `allocations/` is such an envelope."""
    key = allocator_key(run.home)
    view = load_view(run)
    volatility = run.home.allocations / f"{run.cycle.label}.volatility.{view.venue}-{view.market}.json"
    write_durably(volatility, seal(load_bytes(run, "payload-volatility.json"), VOLATILITY_TYPE, key))
    payloads = load_documents(run)
    for payload in payloads.values():
        write_durably(envelope_path(run, parse_allocation(payload)), seal(payload, ALLOCATION_TYPE, key))
    return StepResult(
        headline=f"{len(payloads) + 1} documents signed by key {key.key_id}",
        facts={"signed": len(payloads) + 1, "key": key.key_id, "folder": str(run.home.allocations)},
    )


def envelope_path(run: Run, document: AllocationDocument) -> Path:
    """Where a document lies; the name tells cycle, pod and revision."""
    return run.home.allocations / f"{document.cycle}.{document.pod}.r{document.revision}.json"


def parse_allocation(payload: bytes) -> AllocationDocument:
    """The document in payload bytes. Raises Refused."""
    document = parse_payload(payload, ALLOCATION_TYPE)
    assert isinstance(document, AllocationDocument)
    return document
