"""The answer of a run: what was decided, in the shape that programs read."""

from typing import Any

from domain.times import iso
from steps.allocation_documents import load_documents
from steps.artefacts import load_json
from steps.as_of_view import load_view
from steps.gates import load_verdicts
from steps.run import Run
from steps.sign import parse_allocation


def summarise(run: Run) -> dict[str, Any]:
    """Cycle, digest of all allocation payloads, allocations, verdicts on the tier asked for, and where the report lies."""
    documents = [parse_allocation(payload) for payload in load_documents(run).values()]
    return {
        "cycle": run.cycle.label,
        "simulated": run.source.simulated,
        "data_to": iso(load_view(run).end_us),
        "digest": load_json(run, "documents")["digest"],
        "allocations": [
            {
                "pod": item.pod,
                "tier": item.tier,
                "max_gross_usd_cents": item.limits.max_gross_usd_cents,
                "binding": item.binding,
                "revision": item.revision,
            }
            for item in documents
        ],
        "verdicts": [
            {"pod": pod, "gate": gate.gate, "outcome": gate.outcome.value}
            for pod, found in load_verdicts(run).items()
            for gate in found[-1].gates
        ],
        "refused": load_json(run, "refusals"),
        "deliveries": load_json(run, "deliveries"),
        "documents": str(run.home.allocations / f"{run.cycle.label}.*.json"),
        "report": str(run.home.reports(run.cycle) / "index.html"),
    }
