"""Signed bytes that must never change: `files()` makes them anew, the files beside hold what was published."""

import tempfile
from pathlib import Path

from domain.documents import HALT_RECEIPT_TYPE, HALT_TYPE, RECEIPT_TYPE, TradingState
from ledger.keys import trust
from ledger.log import Log
from pods.openapi import openapi_yaml
from pods.rules import PodState, accept, receipt
from tests.documents import ALLOCATOR, NOW_US, POD_KEY, allocation, allocation_payload, halt_payload, sealed
from tests.documents import HALTER as HALT_KEY

FOLDER = Path(__file__).parent / "documents"
OPENAPI = Path(__file__).parents[2] / "docs" / "pod-openapi.yaml"


def files() -> dict[Path, bytes]:
    """Every golden file of documents, checkpoint and interface, by its path."""
    from ledger.envelope import open_envelope

    envelope = sealed(allocation_payload())
    digest = open_envelope(envelope, trust([ALLOCATOR.public])).digest
    state = accept(PodState(pod="trend"), allocation(), digest, NOW_US)
    halt_answer = {
        "pod": "trend",
        "halt_digest": digest,
        "verb": "FREEZE",
        "verb_in_force": "FREEZE",
        "trading_state": TradingState.HALTED,
        "applied_us": NOW_US,
    }
    return {
        FOLDER / "allocation.json": envelope,
        FOLDER / "halt.json": sealed(halt_payload(), HALT_TYPE, HALT_KEY),
        FOLDER / "receipt.json": sealed(receipt(state).model_dump(mode="json"), RECEIPT_TYPE, POD_KEY),
        FOLDER / "halt-receipt.json": sealed(halt_answer, HALT_RECEIPT_TYPE, POD_KEY),
        FOLDER / "checkpoint": _checkpoint(),
        FOLDER / "allocator.pub": ALLOCATOR.public.to_pem(),
        OPENAPI: openapi_yaml().encode(),
    }


def regenerate() -> None:
    """Write every golden file of this module."""
    for path, data in files().items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)


def _checkpoint() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        Log(Path(folder), ALLOCATOR).append_many([("trial", {"package": "trend", "n": n}) for n in range(5)])
        return (Path(folder) / "checkpoint").read_bytes()
