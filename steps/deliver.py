"""Delivery: each pod that has an address gets its document and answers with a receipt."""

from typing import Any

from pydantic import model_validator

from domain.canonical import digest_bytes
from domain.errors import Refused, Unreachable
from domain.model import Frozen
from durable.files import write_durably
from ledger.keys import POD_PREFIX, PublicKey, load_public
from pods.client import check_receipt
from pods.client import deliver as send
from steps.allocation_documents import load_documents
from steps.artefacts import save_json
from steps.configuration import load
from steps.run import Run, StepResult
from steps.sign import envelope_path, parse_allocation

APPLIED, REFUSED, UNREACHABLE, NO_DOCUMENT = "APPLIED", "REFUSED", "UNREACHABLE", "NO DOCUMENT"


class PodAddress(Frozen):
    """Where one pod listens."""

    pod: str
    url: str


class PodAddresses(Frozen):
    """`config/pods.yaml`."""

    pods: tuple[PodAddress, ...]

    @model_validator(mode="after")
    def _each_pod_once(self) -> "PodAddresses":
        names = [address.pod for address in self.pods]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"expected one address for each pod, got several for {twice}")
        return self


def deliver(run: Run) -> StepResult:
    """Send the signed documents to the pods of `config/pods.yaml`, or another such file, where asked to; keep their receipts.

    A pod that refuses, cannot be reached or has no document in this cycle is named; the others get theirs.
    """
    addresses = load_addresses(run) if run.deliver else ()
    payloads = load_documents(run)
    answers = [_deliver_one(run, address, payloads.get(address.pod)) for address in addresses]
    save_json(run, "deliveries", answers)
    if not run.deliver:
        return StepResult(headline="not asked for (`factory run --deliver`)")
    counts = {answer: sum(row["answer"] == answer for row in answers) for answer in (APPLIED, REFUSED, UNREACHABLE, NO_DOCUMENT)}
    return StepResult(
        headline=", ".join(f"{count} {answer.lower()}" for answer, count in counts.items()),
        facts=dict(counts),
        table=tuple({"pod": row["pod"], "answer": row["answer"], "reason": row["reason"]} for row in answers),
    )


def load_addresses(run: Run) -> tuple[PodAddress, ...]:
    """Where the pods of this run listen."""
    return load(run.pods, PodAddresses).pods


def _deliver_one(run: Run, address: PodAddress, payload: bytes | None) -> dict[str, Any]:
    if payload is None:
        reason = f"no such pod in cycle {run.cycle.label}"
        return {"pod": address.pod, "url": address.url, "document_digest": None, "answer": NO_DOCUMENT, "reason": reason}
    document, digest = parse_allocation(payload), digest_bytes(payload)
    answer: dict[str, Any] = {"pod": address.pod, "url": address.url, "document_digest": digest, "reason": ""}
    try:
        receipt = send(address.url, envelope_path(run, document).read_bytes())
        checked = check_receipt(receipt, _key_of(run, address.pod), digest)
    except Refused as refusal:
        return {**answer, "answer": REFUSED, "reason": str(refusal)}
    except Unreachable as silence:
        return {**answer, "answer": UNREACHABLE, "reason": str(silence)}
    write_durably(run.home.receipts / f"{document.cycle}.{document.pod}.r{document.revision}.json", receipt)
    return {
        **answer,
        "answer": APPLIED,
        "applied_us": checked.receipt.applied_us,
        "limit_usd": checked.receipt.max_gross_usd_cents / 100,
        "signer": checked.signer,
    }


def _key_of(run: Run, pod: str) -> PublicKey | None:
    """The pod's public key, where this home holds it."""
    path = run.home.keys / f"{POD_PREFIX}{pod}.pub"
    return load_public(path) if path.exists() else None
