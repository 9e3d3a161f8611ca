import json

import httpx
import pytest

from domain.documents import RECEIPT_TYPE
from domain.errors import Expired, Refused, RolledBack, Unreachable
from pods import client
from pods.client import ATTEMPTS, check_receipt, deliver, send_halt, status
from tests.documents import POD_KEY, STRANGER, sealed

URL = "http://pod.test:8101/"
RECEIPT = {
    "pod": "trend",
    "document_digest": "sha256:a",
    "cycle": "2025-11-16",
    "revision": 0,
    "applied_us": 5,
    "max_gross_usd_cents": 1,
}


@pytest.fixture(autouse=True)
def pauses(monkeypatch) -> list[float]:
    taken: list[float] = []
    monkeypatch.setattr(client.time, "sleep", taken.append)
    return taken


def answers(*given):
    """A transport that gives each answer in turn, the last for ever, and the list of what it was asked."""
    asked: list[httpx.Request] = []

    def handle(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        answer = given[min(len(asked), len(given)) - 1]
        if isinstance(answer, Exception):
            raise answer
        return answer

    return httpx.MockTransport(handle), asked


def problem(code: int, error: str) -> httpx.Response:
    return httpx.Response(code, json={"error": error, "message": "because"})


def test_the_envelope_goes_out_and_the_receipt_comes_back_byte_for_byte() -> None:
    transport, asked = answers(httpx.Response(200, content=b"receipt\x00"))
    assert deliver(URL, b"envelope\x00", transport=transport) == b"receipt\x00"
    assert (str(asked[0].url), asked[0].method, asked[0].content) == ("http://pod.test:8101/configure", "POST", b"envelope\x00")
    assert send_halt(URL, b"halt", transport=transport) == b"receipt\x00"
    assert str(asked[1].url) == "http://pod.test:8101/halt"


REFUSALS = [
    (400, "Refused", Refused),
    (409, "RolledBack", RolledBack),
    (410, "Expired", Expired),
    (413, "Refused", Refused),
    (418, "Tea", Refused),
]
SILENCES = [httpx.ConnectError("refused"), httpx.ReadTimeout("slow"), httpx.Response(503), problem(503, "Unreachable")]


@pytest.mark.parametrize(("code", "name", "error"), REFUSALS)
def test_a_refusal_keeps_its_type_and_is_never_repeated(code, name, error) -> None:
    transport, asked = answers(problem(code, name))
    with pytest.raises(error, match="because") as refusal:
        deliver(URL, b"x", transport=transport)
    assert type(refusal.value) is error
    assert len(asked) == 1


@pytest.mark.parametrize("answer", SILENCES)
def test_silence_is_unreachable_after_a_bounded_number_of_calls(answer, pauses) -> None:
    transport, asked = answers(answer)
    with pytest.raises(Unreachable, match="send it again"):
        deliver(URL, b"x", transport=transport)
    assert len(asked) == ATTEMPTS == len(pauses) + 1


def test_a_call_that_succeeds_later_is_done() -> None:
    transport, asked = answers(httpx.ConnectError("refused"), httpx.Response(500), httpx.Response(200, content=b"ok"))
    assert deliver(URL, b"x", transport=transport) == b"ok"
    assert [request.content for request in asked] == [b"x"] * 3


def test_no_second_call_once_the_time_is_used_up(monkeypatch) -> None:
    clock = iter([0.0, 0.0, 99.0, 99.0, 99.0])
    monkeypatch.setattr(client.time, "monotonic", lambda: next(clock))
    transport, asked = answers(httpx.ReadTimeout("slow"))
    with pytest.raises(Unreachable):
        deliver(URL, b"x", timeout_s=10, transport=transport)
    assert len(asked) == 1


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(302, headers={"location": "http://elsewhere/"}),
        httpx.Response(404, text="<html>"),
        httpx.Response(400, content=b"\xff"),
        httpx.Response(200, content=b"x" * 65_537),
    ],
)
def test_what_is_no_pod_is_refused(answer) -> None:
    transport, asked = answers(answer)
    with pytest.raises(Refused):
        deliver(URL, b"x", transport=transport)
    assert len(asked) == 1


@pytest.mark.parametrize("url", ["pod.test:8101", "ftp://pod.test", "http://pod:port", "not a url"])
def test_an_address_that_is_none_is_refused(url) -> None:
    with pytest.raises(Refused, match="expected the address of a pod"):
        deliver(url, b"x")


def test_a_port_where_nobody_listens_is_unreachable() -> None:
    import socket

    with socket.create_server(("127.0.0.1", 0)) as closed_soon:
        port = closed_soon.getsockname()[1]
    with pytest.raises(Unreachable, match="no answer from"):
        status(f"http://127.0.0.1:{port}", timeout_s=2)


@pytest.mark.parametrize("body", [b"{}", b"[]", b"nonsense", json.dumps({"pod": "x", "extra": 1}).encode()])
def test_a_status_that_does_not_fit_is_refused(body) -> None:
    transport, _ = answers(httpx.Response(200, content=body))
    with pytest.raises(Refused):
        status(URL, transport=transport)


def test_a_receipt_is_checked_against_document_and_pod() -> None:
    good = sealed(RECEIPT, RECEIPT_TYPE, POD_KEY)
    checked = check_receipt(good, POD_KEY.public, "sha256:a")
    assert (checked.receipt.pod, checked.signer) == ("trend", POD_KEY.key_id)
    assert check_receipt(good, None, "sha256:a").signer is None
    for bad, key, digest in (
        (good, POD_KEY.public, "sha256:b"),
        (good, None, "sha256:b"),
        (good, STRANGER.public, "sha256:a"),
        (good.replace(b"eyJ", b"eyK", 1), POD_KEY.public, "sha256:a"),
        (sealed(RECEIPT, "application/json", POD_KEY), POD_KEY.public, "sha256:a"),
        (sealed(RECEIPT, "application/json", POD_KEY), None, "sha256:a"),
        (sealed(RECEIPT | {"extra": 1}, RECEIPT_TYPE, POD_KEY), None, "sha256:a"),
        (b"", None, "sha256:a"),
    ):
        with pytest.raises(Refused):
            check_receipt(bad, key, digest)
