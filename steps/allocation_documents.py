"""From limits to the exact bytes that will be signed."""

from typing import Any

from allocation.documents import Warrant, allocation_document, payload_bytes, volatility_document
from domain.canonical import digest, digest_bytes
from domain.documents import AllocationDocument
from ledger.log import Log
from steps.artefacts import load_bytes, load_json, save_bytes, save_json
from steps.as_of_view import load_view
from steps.desk import load_desk
from steps.gates import warranting_verdicts
from steps.limits import load_limits
from steps.market_risk import METHOD, load_liquidity
from steps.run import Run, StepResult
from steps.trust import open_log

ALLOCATION = "allocation"


def allocation_documents(run: Run) -> StepResult:
    """One document for each pod and one volatility forecast for all: the payloads, before anyone signs them.

    Refused, whatever the scheduler shows, where a limit lacks the verdict or the approvals that its tier asks for.
    """
    volatility = _volatility_payload(run)
    save_bytes(run, "payload-volatility.json", volatility)
    desk, log = load_desk(run.source.simulated), open_log(run.home)
    verdicts = warranting_verdicts(run)
    documents = []
    for line in load_limits(run):
        # Signatures are taken at the desk, which this home has none of: a rise that asks for one waits.
        warrant = Warrant(verdict=verdicts[line.pod], approvals_held=0, simulated=run.source.simulated)
        first = allocation_document(desk, line, warrant, run.cycle, 0, digest_bytes(volatility))
        document = first.model_copy(update={"revision": revision_of(log, first)})
        save_bytes(run, f"payload-{line.pod}.json", payload_bytes(document))
        documents.append(document)
    total_usd = sum(item.limits.max_gross_usd_cents for item in documents) / 100
    save_json(run, "documents", {"pods": [document.pod for document in documents], "digest": documents_digest(documents)})
    return StepResult(
        headline=f"{len(documents)} documents, together {total_usd:,.0f} USD",
        facts={"documents": len(documents), "digest": documents_digest(documents)},
        table=tuple(
            {
                "pod": item.pod,
                "tier": item.tier,
                "max gross USD": item.limits.max_gross_usd_cents / 100,
                "binding": item.binding,
                "revision": item.revision,
            }
            for item in documents
        ),
    )


def load_documents(run: Run) -> dict[str, bytes]:
    """Payload bytes by pod."""
    return {pod: load_bytes(run, f"payload-{pod}.json") for pod in load_json(run, "documents")["pods"]}


def documents_digest(documents: list[AllocationDocument]) -> str:
    """One digest for all allocation payloads of a cycle, in the order of the pods."""
    return digest([digest_bytes(payload_bytes(item)) for item in sorted(documents, key=lambda item: item.pod)])


def revision_of(log: Log, document: AllocationDocument) -> int:
    """How many different documents were issued for this pod and cycle before; a repetition keeps its number."""
    issued = [
        entry.body
        for entry in log.entries(ALLOCATION)
        if entry.body["pod"] == document.pod and entry.body["cycle"] == document.cycle
    ]
    if issued and issued[-1]["content"] == content_digest(document):
        return int(issued[-1]["revision"])
    return len(issued)


def content_digest(document: AllocationDocument) -> str:
    """Of what the document says, its number aside."""
    return digest(document.model_copy(update={"revision": 0}).model_dump(mode="json"))


def log_body(document: AllocationDocument, payload: bytes) -> dict[str, Any]:
    """The entry that puts a document on record."""
    return {
        "pod": document.pod,
        "cycle": document.cycle,
        "revision": document.revision,
        "tier": document.tier,
        "max_gross_usd_cents": document.limits.max_gross_usd_cents,
        "simulated": document.simulated,
        "content": content_digest(document),
        "payload": digest_bytes(payload),
    }


def _volatility_payload(run: Run) -> bytes:
    view = load_view(run)
    daily = dict(zip(view.symbols, load_liquidity(run, view.symbols).daily_volatility.tolist(), strict=True))
    return payload_bytes(volatility_document(run.cycle, view.venue, view.market.value, run.source.simulated, METHOD, daily))
