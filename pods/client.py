"""Talking to a pod: every call has a deadline, and only what is harmless to repeat is repeated, within a budget."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from domain.documents import RECEIPT_TYPE, Receipt
from domain.errors import Expired, Refused, RolledBack, Unreachable
from domain.model import Frozen
from ledger.envelope import DOCUMENT_MAX_BYTES, open_envelope, read_unverified
from ledger.keys import PublicKey, trust
from ledger.payloads import parse_payload
from ledger.strict_json import read_json
from pods.service import Status

if TYPE_CHECKING:
    import httpx

ATTEMPTS = 3
"""Calls made for one request: everything a pod offers is harmless to repeat."""
FIRST_PAUSE_SECONDS = 0.1
"""Pause before the second call; it doubles before each further one."""

_REFUSALS: dict[str, type[Refused]] = {"Refused": Refused, "RolledBack": RolledBack, "Expired": Expired}


@dataclass(frozen=True)
class CheckedReceipt:
    """A receipt for the document that was sent."""

    receipt: Receipt
    signer: str | None
    """Id of the pod's key that signed it; None where no key of the pod is known, so that nobody vouches for it."""


class _Answer(Frozen):
    error: str
    message: str


def deliver(url: str, envelope: bytes, timeout_s: float = 10.0, transport: httpx.BaseTransport | None = None) -> bytes:
    """Send a signed allocation document to the pod at `url`; the receipt's bytes, not yet checked (see `check_receipt`).

    Raises Refused, Expired or RolledBack as the pod says; Unreachable where no usable answer came within `timeout_s`
    seconds in all: then it is not known whether the document is in force, and sending it again is harmless.
    """
    return _call("POST", url, "/configure", envelope, timeout_s, transport)


def send_halt(url: str, envelope: bytes, timeout_s: float = 10.0, transport: httpx.BaseTransport | None = None) -> bytes:
    """Send a signed halt; the pod's signed answer. Raises as `deliver`."""
    return _call("POST", url, "/halt", envelope, timeout_s, transport)


def status(url: str, timeout_s: float = 10.0, transport: httpx.BaseTransport | None = None) -> Status:
    """The pod's account of itself. Raises Refused where it does not fit the schema, Unreachable as `deliver`."""
    answer = read_json(_call("GET", url, "/status", None, timeout_s, transport), f"{url}/status")
    if isinstance(answer, dict) and isinstance(answer.get("reasons"), list):
        answer["reasons"] = tuple(answer["reasons"])
    return Status.parse(answer, f"{url}/status")


def check_receipt(receipt: bytes, pod_key: PublicKey | None, document_digest: str) -> CheckedReceipt:
    """The receipt, if it is for the document of this digest and, where the pod's key is known, signed by it.

    Raises Refused.
    """
    if pod_key is not None:
        opened = open_envelope(receipt, trust([pod_key]), RECEIPT_TYPE)
        payload, signer = opened.payload, opened.key_id
    else:
        unverified = read_unverified(receipt)
        if unverified.payload_type != RECEIPT_TYPE:
            raise Refused(f"expected a receipt, got a document of type {unverified.payload_type!r}: ask the pod's owner")
        payload, signer = unverified.payload, None
    parsed = parse_payload(payload, RECEIPT_TYPE)
    assert isinstance(parsed, Receipt)
    if parsed.document_digest != document_digest:
        raise Refused(
            f"expected a receipt for {document_digest}, got one for {parsed.document_digest}: the pod holds another document"
        )
    return CheckedReceipt(parsed, signer)


def _call(method: str, url: str, path: str, body: bytes | None, timeout_s: float, transport: httpx.BaseTransport | None) -> bytes:
    """The body of a 200 answer, after up to ATTEMPTS calls inside `timeout_s` seconds."""
    address, deadline, pause = url.rstrip("/") + path, time.monotonic() + timeout_s, FIRST_PAUSE_SECONDS
    for attempt in range(1, ATTEMPTS + 1):
        try:
            return _call_once(method, address, body, deadline, transport)
        except Unreachable:
            if attempt == ATTEMPTS or time.monotonic() + pause >= deadline:
                raise
        time.sleep(pause)
        pause *= 2
    raise AssertionError("the loop returns or raises")


def _call_once(method: str, address: str, body: bytes | None, deadline: float, transport: httpx.BaseTransport | None) -> bytes:
    import httpx

    seconds = max(deadline - time.monotonic(), 0.001)
    # The environment's proxies and certificates have no say in how a pod is reached, and a redirect is not followed.
    with httpx.Client(timeout=seconds, trust_env=False, transport=transport) as client:
        try:
            with client.stream(method, address, content=body, headers={"content-type": "application/json"}) as answer:
                data = _read(answer, address, deadline)
                code = answer.status_code
        except (httpx.InvalidURL, httpx.UnsupportedProtocol) as error:
            raise Refused(f"expected the address of a pod such as http://127.0.0.1:8101, got {address!r}: {error}") from None
        except httpx.HTTPError as error:
            reason = str(error) or type(error).__name__
            raise Unreachable(f"no answer from {address} ({reason}): see that the pod is running, then send it again") from None
    if code == 200:
        return data
    raise _error(code, data, address)


def _read(answer: httpx.Response, address: str, deadline: float) -> bytes:
    data = bytearray()
    for chunk in answer.iter_bytes():
        data += chunk
        if len(data) > DOCUMENT_MAX_BYTES:
            raise Refused(f"expected an answer of at most {DOCUMENT_MAX_BYTES} bytes from {address}, got more: it is no pod")
        if time.monotonic() > deadline:
            raise Unreachable(f"no whole answer from {address} in time: send it again")
    return bytes(data)


def _error(code: int, data: bytes, address: str) -> Exception:
    try:
        said: Any = _Answer.parse(read_json(data, address), address)
    except Refused:
        said = None
    if code >= 500 or code in (408, 429):
        return Unreachable(f"{address} cannot answer now (HTTP {code}): send it again later")
    if said is None:
        return Refused(f"expected the answer of a pod from {address}, got HTTP {code}: check the address")
    return _REFUSALS.get(said.error, Refused)(f"{address}: {said.message}")
