import asyncio
from pathlib import Path

import httpx
import pytest
import yaml

from domain.errors import Refused
from domain.times import UtcUs
from ledger.keys import trust
from pods import server
from pods import store as store_module
from pods.openapi import openapi_yaml
from pods.server import create_app, serve
from pods.store import PodStore
from tests.documents import ALLOCATOR, CYCLE, HALTER, NOW_US, POD_KEY, allocation_payload, sealed, sealed_halt


class InProcess:
    """Calls of an application without a network."""

    def __init__(self, app) -> None:
        self.app = app

    def get(self, path: str) -> httpx.Response:
        return self.call("GET", path, None)

    def post(self, path: str, content) -> httpx.Response:
        return self.call("POST", path, content)

    def call(self, method: str, path: str, content) -> httpx.Response:
        async def send() -> httpx.Response:
            transport = httpx.ASGITransport(self.app, raise_app_exceptions=False)
            async with httpx.AsyncClient(transport=transport, base_url="http://pod") as http:
                return await http.request(method, path, content=content)

        return asyncio.run(send())


ROOT = Path(__file__).parents[3]


@pytest.fixture
def app(tmp_path):
    return create_app(
        "trend",
        PodStore(tmp_path, "trend", POD_KEY),
        trust([ALLOCATOR.public]),
        trust([HALTER.public]),
        POD_KEY,
        lambda: UtcUs(NOW_US),
    )


@pytest.fixture
def http(app):
    return InProcess(app)


def test_configure_status_and_halt(http) -> None:
    receipt = http.post("/configure", content=sealed(allocation_payload()))
    assert (receipt.status_code, receipt.headers["content-type"]) == (200, "application/json")
    assert set(receipt.json()) == {"payload", "payloadType", "signatures"}
    assert http.get("/status").json()["trading_state"] == "ACTIVE"
    assert http.post("/halt", content=sealed_halt()).status_code == 200
    assert http.get("/status").json()["trading_state"] == "HALTED"


@pytest.mark.parametrize(
    ("path", "content", "code", "error"),
    [
        ("/configure", b"", 400, "Refused"),
        ("/configure", b"\xff" * 100, 400, "Refused"),
        ("/configure", sealed(allocation_payload()).replace(b"eyJ", b"eyK", 1), 400, "Refused"),
        ("/configure", sealed(allocation_payload(pod="carry")), 400, "Refused"),
        ("/configure", sealed(allocation_payload(revision=1)), 409, "RolledBack"),
        ("/configure", sealed(allocation_payload(expires_us=NOW_US)), 410, "Expired"),
        ("/configure", b"x" * 65_537, 413, "Refused"),
        ("/halt", sealed_halt(key=ALLOCATOR), 400, "Refused"),
        ("/halt", b"x" * 65_537, 413, "Refused"),
        ("/nothing", b"", 404, "Refused"),
        ("/status", b"", 405, "Refused"),
    ],
    ids=range(11),
)
def test_refusals_have_their_type_and_a_sentence(http, path, content, code, error) -> None:
    http.post("/configure", content=sealed(allocation_payload(revision=2)))
    answer = http.post(path, content=content)
    assert (answer.status_code, set(answer.json()), answer.json()["error"]) == (code, {"error", "message"}, error)
    assert answer.json()["message"]
    assert http.get("/status").json()["revision"] == 2


def test_a_body_without_a_stated_length_is_cut_off(http) -> None:
    sent = 0

    async def endless():
        nonlocal sent
        while sent < 100:
            sent += 1
            yield b"x" * 10_000

    assert http.post("/configure", content=endless()).status_code == 413
    assert sent == 7  # the first at which more than 65,536 bytes are there


def test_a_sender_that_never_finishes_is_sent_away(http, monkeypatch) -> None:
    async def stuck():
        yield b"{"
        await asyncio.Event().wait()

    monkeypatch.setattr(server, "BODY_SECONDS", 0.01)
    answer = http.post("/configure", content=stuck())
    assert (answer.status_code, answer.json()["error"]) == (408, "Refused")


def test_a_disk_that_fails_is_unreachable_and_nothing_changes(http, monkeypatch) -> None:
    def broken(*_args, **_kwargs) -> bool:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(store_module, "write_durably", broken)
    answer = http.post("/configure", content=sealed(allocation_payload()))
    assert (answer.status_code, answer.json()["error"]) == (503, "Unreachable")
    assert http.get("/status").json()["document_digest"] is None


def test_the_store_of_another_pod_is_refused(tmp_path) -> None:
    with pytest.raises(Refused, match="expected the store of pod 'carry'"):
        create_app("carry", PodStore(tmp_path, "trend", POD_KEY), {}, {}, POD_KEY, lambda: UtcUs(0))


def test_a_busy_or_forbidden_port_is_refused_in_one_sentence(app) -> None:
    import socket

    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(Refused, match=f"port {port} on 127.0.0.1 is taken by another program: stop it"):
            serve(app, port, lambda _port: None)
    with pytest.raises(Refused, match="got 99999"):
        serve(app, 99_999, lambda _port: None)


def test_the_openapi_document_in_docs_is_that_of_the_application(http) -> None:
    text = openapi_yaml()
    assert (ROOT / "docs" / "pod-openapi.yaml").read_text() == text, "run: python -m pods.openapi > docs/pod-openapi.yaml"
    assert http.get("/openapi.json").json() == yaml.safe_load(text)


def test_every_reference_in_the_openapi_document_leads_somewhere_and_answers_fit(http) -> None:
    document = http.get("/openapi.json").json()
    references: list[str] = []

    def walk(value) -> None:
        if isinstance(value, dict):
            references.extend([value["$ref"]] if "$ref" in value else [])
            for item in value.values():
                walk(item)
        elif isinstance(value, list):
            for item in value:
                walk(item)

    walk(document)
    assert references
    for reference in references:
        assert reference.removeprefix("#/components/schemas/") in document["components"]["schemas"]
    schema = document["components"]["schemas"]["Status"]
    assert set(http.get("/status").json()) == set(schema["properties"]) == set(schema["required"])
    assert "FLATTEN: HALTED" in document["components"]["schemas"]["HaltVerb"]["description"]
    assert set(document["paths"]) == {"/status", "/configure", "/halt"}


def test_expiry_is_seen_in_the_status(tmp_path) -> None:
    now = [NOW_US]
    app = create_app("trend", PodStore(tmp_path, "trend", POD_KEY), trust([ALLOCATOR.public]), {}, POD_KEY, lambda: UtcUs(now[0]))
    http = InProcess(app)
    http.post("/configure", content=sealed(allocation_payload()))
    now[0] = CYCLE.expires_us
    status = http.get("/status").json()
    assert (status["trading_state"], status["expires_us"]) == ("REDUCING", CYCLE.expires_us)
