"""`factory pod`: serving the reference pod, asking it, halting it."""

import datetime as dt
import sys
from typing import Any

from domain.canonical import canonical_bytes
from domain.documents import HALT_TYPE, HaltOrder, HaltReceipt, HaltVerb
from domain.errors import Refused
from domain.times import UtcUs, from_datetime
from ledger.envelope import read_unverified, seal
from ledger.payloads import parse_payload
from pods.client import send_halt, status
from steps.home import Home
from steps.trust import halt_key


def serve_pod(home: Home, pod: str, port: int) -> None:
    """Serve a reference pod whose state and keys lie in the home, until it is interrupted. Raises Refused on a busy port."""
    from pods.reference import paper_pod
    from pods.server import serve

    serve(
        paper_pod(home.root, pod, _now),
        port,
        lambda bound: _say(f"pod {pod} listens on http://127.0.0.1:{bound}; Ctrl-C stops it"),
    )


def pod_status(url: str) -> dict[str, Any]:
    """The pod's account of itself. Raises Unreachable."""
    return status(url).model_dump(mode="json")


def halt_pod(home: Home, url: str, pod: str, verb: str, reason: str) -> dict[str, Any]:
    """Sign a halt and send it; what the pod answered. Raises Refused, Unreachable."""
    if verb not in set(HaltVerb):
        raise Refused(f"expected a verb among {', '.join(HaltVerb)}, got {verb!r}")
    order = HaltOrder(pod=pod, verb=HaltVerb(verb), reason=reason, issued_us=_now())
    answer = send_halt(url, seal(canonical_bytes(order.model_dump(mode="json")), HALT_TYPE, halt_key(home)))
    unverified = read_unverified(answer)
    receipt = parse_payload(unverified.payload, unverified.payload_type)
    if not isinstance(receipt, HaltReceipt):
        raise Refused(f"expected the receipt of a halt from {url}, got a {type(receipt).__name__}: it is no pod")
    return receipt.model_dump(mode="json")


def _now() -> UtcUs:
    return from_datetime(dt.datetime.now(dt.UTC))


def _say(sentence: str) -> None:
    print(sentence, file=sys.stderr, flush=True)  # noqa: T201
