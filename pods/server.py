"""The constitution over HTTP: `GET /status`, `POST /configure`, `POST /halt`, on the loopback interface."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import socket
from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from domain.canonical import canonical_bytes
from domain.errors import Expired, Refused, RolledBack
from domain.model import Frozen
from ledger.envelope import DOCUMENT_MAX_BYTES
from ledger.keys import SigningKey, TrustedKeys
from pods.book import Book
from pods.paper import PaperBook
from pods.schema import with_payload_schemas
from pods.service import Clock, PodService, Status
from pods.store import PodStore

if TYPE_CHECKING:
    from fastapi import FastAPI, Request, Response

HOST = "127.0.0.1"
BODY_SECONDS = 10.0
"""How long a sender may take over one document."""

_DESCRIPTION = (
    "What every pod offers in exchange for capital. Documents are DSSE envelopes (Ed25519, standard base64, one signature). "
    "Money is in integer US cents, ratios in integer basis points, times in integer microseconds since 1970 UTC. "
    "Repeating any call is harmless. A figure that is not known is null, never zero."
)


_REFUSALS = {
    400: "Refused: malformed, altered, misaddressed, issued in the future, or from an unknown signer",
    408: "Refused: the document took too long to arrive",
    413: "Refused: too long",
    503: "Unreachable: it could not be made durable; retry later",
}
_OLD = {409: "RolledBack: older than the document held", 410: "Expired"}
_ENVELOPE_BODY = {
    "requestBody": {"required": True, "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Envelope"}}}}
}


class Signature(Frozen, use_attribute_docstrings=True):
    """One Ed25519 signature."""

    keyid: str
    sig: str
    """64 bytes in standard base64, over the pre-authentication encoding of type and payload."""


class Envelope(Frozen, use_attribute_docstrings=True):
    """A DSSE envelope."""

    payload: str
    """The signed bytes in standard base64."""
    payloadType: str  # noqa: N815 - the field's name in DSSE
    signatures: tuple[Signature]


class Problem(Frozen, use_attribute_docstrings=True):
    """Why a call was not answered."""

    error: str
    """Refused, Expired, RolledBack (never retry) or Unreachable (retry later)."""
    message: str


def create_app(
    pod: str,
    store: PodStore,
    trusted_allocators: TrustedKeys,
    trusted_halters: TrustedKeys,
    key: SigningKey,
    clock: Clock,
    book: Book | None = None,
) -> FastAPI:
    """The pod's HTTP application. `book` is a fresh paper book where none is given.

    Raises Refused where the store is of another pod.
    """
    from fastapi import FastAPI

    if store.held.state.pod != pod:
        raise Refused(f"expected the store of pod {pod!r}, got that of {store.held.state.pod!r}: open the pod's own store")
    service = PodService(
        store,
        PaperBook() if book is None else book,
        trusted_allocators=trusted_allocators,
        trusted_halters=trusted_halters,
        key=key,
        clock=clock,
    )
    # The pages of documentation would load scripts from a network.
    app = FastAPI(title="Pod constitution", version="1", description=_DESCRIPTION, docs_url=None, redoc_url=None)
    _add_routes(app, service)
    _add_problems(app)
    with_payload_schemas(app)
    return app


def serve(app: FastAPI, port: int, on_listening: Callable[[int], None], host: str = HOST) -> None:
    """Serve until interrupted or terminated. `on_listening` is told the port once connections are taken (0 picks a free one).

    Raises Refused where the port cannot be had.
    """
    import uvicorn

    with _listening(host, port) as listener:
        on_listening(int(listener.getsockname()[1]))
        config = uvicorn.Config(app, log_level="warning", access_log=False, timeout_graceful_shutdown=5, limit_concurrency=64)
        with contextlib.suppress(KeyboardInterrupt):
            uvicorn.Server(config).run(sockets=[listener])


def _add_routes(app: FastAPI, service: PodService) -> None:
    from fastapi import Request, Response
    from fastapi.concurrency import run_in_threadpool

    def signed(answer: bytes) -> Response:
        return Response(answer, media_type="application/json")

    async def configure(request: Request) -> Response:
        """Put an allocation document in force. The receipt is signed by the pod and names the document's digest."""
        return signed(await run_in_threadpool(service.configure, await _body(request)))

    async def halt(request: Request) -> Response:
        """Obey a signed halt. Any holder of a halt key may send it; the most restrictive one holds."""
        return signed(await run_in_threadpool(service.halt, await _body(request)))

    def status() -> Status:
        """What is in force and what is held, now."""
        return service.status()

    # Annotations are text in this module, and names imported above are unknown where the framework would look them up.
    configure.__annotations__ = halt.__annotations__ = {"request": Request, "return": Response}
    app.get("/status", response_model=Status, operation_id="status", response_description="The status.")(status)
    add = partial(app.post, response_model=Envelope, openapi_extra=_ENVELOPE_BODY)
    refusals, or_old = _problems(_REFUSALS), _problems(_REFUSALS | _OLD)
    add("/configure", operation_id="configure", response_description="The receipt.", responses=or_old)(configure)
    add("/halt", operation_id="halt", response_description="The answer to the halt.", responses=refusals)(halt)


def _problems(codes: Mapping[int, str]) -> dict[int | str, dict[str, Any]]:
    return {code: {"model": Problem, "description": description} for code, description in sorted(codes.items())}


def _add_problems(app: FastAPI) -> None:
    from starlette.exceptions import HTTPException

    async def refused(_request: Request, error: Exception) -> Response:
        code = 410 if isinstance(error, Expired) else 409 if isinstance(error, RolledBack) else 400
        return _problem(code, type(error).__name__, str(error))

    async def http(_request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        return _problem(error.status_code, "Refused", str(error.detail))

    async def no_disk(_request: Request, error: Exception) -> Response:
        assert isinstance(error, OSError)
        return _problem(
            503,
            "Unreachable",
            f"the pod could not make it durable ({error.strerror}): it is not acknowledged, send it again later",
        )

    app.add_exception_handler(Refused, refused)
    app.add_exception_handler(HTTPException, http)
    app.add_exception_handler(OSError, no_disk)


async def _body(request: Request) -> bytes:
    """The request's bytes, read no further than a document may be long and no longer than a sender may take."""
    from starlette.exceptions import HTTPException
    from starlette.requests import ClientDisconnect

    data = bytearray()
    try:
        async with asyncio.timeout(BODY_SECONDS):
            async for chunk in request.stream():
                data += chunk
                if len(data) > DOCUMENT_MAX_BYTES:
                    raise HTTPException(413, f"expected at most {DOCUMENT_MAX_BYTES} bytes, got more: it is no document of ours")
    except TimeoutError:
        raise HTTPException(408, f"expected the whole document within {BODY_SECONDS:.0f} seconds: send it again") from None
    except ClientDisconnect:
        raise HTTPException(400, "the sender left before its document had arrived: send it again") from None
    return bytes(data)


def _problem(code: int, error: str, message: str) -> Response:
    from fastapi import Response

    return Response(canonical_bytes({"error": error, "message": message}), code, media_type="application/json")


def _listening(host: str, port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(128)
    except (OSError, OverflowError) as error:
        listener.close()
        if isinstance(error, OSError) and error.errno == errno.EADDRINUSE:
            raise Refused(f"port {port} on {host} is taken by another program: stop it, or choose another port") from None
        raise Refused(
            f"expected a port that this user may listen on, got {port} on {host}: {error}: choose another port"
        ) from None
    return listener
