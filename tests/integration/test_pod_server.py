"""A pod in its own process over loopback obeys, refuses, and remembers across a restart."""

import json
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from domain.documents import HALT_RECEIPT_TYPE
from domain.errors import Expired, Refused, RolledBack, Unreachable
from domain.times import US_PER_HOUR, Cycle
from ledger.envelope import open_envelope
from ledger.keys import load_public, trust
from ledger.payloads import parse_payload
from ledger.verify import examine, keys_by_type
from pods.client import check_receipt, deliver, send_halt, status
from tests.documents import ALLOCATOR, CYCLE, HALTER, NOW_US, STRANGER, allocation_payload, sealed, sealed_halt

ROOT = Path(__file__).parents[2]
NEXT = Cycle.parse("2025-11-17")

SERVER = """
import pathlib, sys
from domain.times import UtcUs
from pods.reference import paper_pod
from pods.server import serve

home, pod = pathlib.Path(sys.argv[1]), sys.argv[2]
clock = lambda: UtcUs(int((home / "now").read_text()))
serve(paper_pod(home, pod, clock), int(sys.argv[3]), lambda port: print(port, flush=True))
"""


@dataclass
class World:
    home: Path

    def __post_init__(self) -> None:
        (self.home / "keys").mkdir(parents=True)
        for name, key in (("allocator", ALLOCATOR), ("halter", HALTER)):
            (self.home / "keys" / f"{name}.pub").write_bytes(key.public.to_pem())
        self.at(NOW_US)

    def at(self, now_us: int) -> None:
        temporary = self.home / "now.new"
        temporary.write_text(str(now_us))
        temporary.rename(self.home / "now")

    def process(self, port: int = 0) -> subprocess.Popen[str]:
        command = [sys.executable, "-c", SERVER, str(self.home), "trend", str(port)]
        return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    @contextmanager
    def pod(self, *, kill: bool = False):
        process = self.process()
        try:
            assert process.stdout is not None
            port = process.stdout.readline().strip()
            assert port, process.communicate()[1]
            yield f"http://127.0.0.1:{port}"
        finally:
            process.kill() if kill else process.terminate()
            process.communicate(timeout=30)


@pytest.fixture
def world(tmp_path) -> World:
    return World(tmp_path)


def test_a_pod_obeys_refuses_and_remembers(world, tmp_path) -> None:
    good = sealed(allocation_payload(revision=1))
    digest = open_envelope(good, trust([ALLOCATOR.public])).digest
    with world.pod() as url:
        assert status(url).trading_state == "REDUCING"
        receipt = deliver(url, good)
        pod_key = load_public(tmp_path / "keys" / "pod-trend.pub")
        assert check_receipt(receipt, pod_key, digest).receipt.max_gross_usd_cents == 1_000_000_00
        assert deliver(url, good) == receipt
        now = status(url)
        assert (now.trading_state, now.limits.max_gross_usd_cents, now.gross_exposure_usd_cents) == (
            "ACTIVE",
            1_000_000_00,
            1_000_000_00,
        )
        assert now.document_digest == digest

        for bad, error, words in (
            (good.replace(b"eyJ", b"eyK", 1), Refused, "altered"),
            (sealed(allocation_payload(revision=2), key=STRANGER), Refused, "unknown signer"),
            (sealed(allocation_payload(revision=2, pod="carry")), Refused, "expected a document for pod 'trend'"),
            (sealed(allocation_payload(revision=2, expires_us=NOW_US)), Expired, "expired at"),
            (sealed(allocation_payload(NEXT)), Refused, "issued in the future"),
            (sealed(allocation_payload()), RolledBack, "a replay"),
            (sealed(allocation_payload(revision=1, tier="other")), Refused, "another document is held"),
            (sealed_halt(key=HALTER), Refused, "expected a document of type"),
            (b"x" * 70_000, Refused, "at most 65536 bytes"),
        ):
            with pytest.raises(error, match=words) as refusal:
                deliver(url, bad)
            assert type(refusal.value) is error
        assert status(url).document_digest == digest

        (tmp_path / "receipt.json").write_bytes(receipt)
        seen = examine(tmp_path / "receipt.json", keys_by_type(tmp_path / "keys"), NOW_US)
        assert (seen.valid, seen.kind, seen.signer) == (True, "receipt", pod_key.key_id)

    with world.pod(kill=True) as url:
        again = status(url)
        assert (again.document_digest, again.trading_state) == (digest, "ACTIVE")
        assert again.sequence > now.sequence
        assert deliver(url, good) == receipt
        with pytest.raises(RolledBack):
            deliver(url, sealed(allocation_payload()))
        with pytest.raises(Refused, match="unknown signer"):
            send_halt(url, sealed_halt(key=STRANGER))
        answer = send_halt(url, sealed_halt("FLATTEN"))
        opened = open_envelope(answer, trust([pod_key]), HALT_RECEIPT_TYPE)
        assert json.loads(opened.payload)["trading_state"] == "HALTED"
        assert parse_payload(opened.payload, opened.payload_type)

    with world.pod() as url:
        halted = status(url)
        assert (halted.trading_state, halted.halt, halted.gross_exposure_usd_cents) == ("HALTED", "FLATTEN", 0)
        assert send_halt(url, sealed_halt("FLATTEN")) == answer
        world.at(NEXT.issued_us)
        deliver(url, sealed(allocation_payload(NEXT)))
        assert (status(url).cycle, status(url).trading_state) == ("2025-11-17", "HALTED")
    with pytest.raises(Unreachable):
        status(url, timeout_s=1)


def test_expiry_takes_effect_while_the_pod_runs(world) -> None:
    with world.pod() as url:
        deliver(url, sealed(allocation_payload()))
        assert status(url).trading_state == "ACTIVE"
        world.at(CYCLE.expires_us + US_PER_HOUR)
        late = status(url)
        assert (late.trading_state, late.gross_exposure_usd_cents) == ("REDUCING", 1_000_000_00)
        assert "expired" in late.reasons[0]


def test_a_second_process_and_a_missing_key_are_refused(world) -> None:
    with world.pod():
        second = world.process()
        assert "another process serves this pod" in second.communicate(timeout=60)[1]
        assert second.returncode != 0
    (world.home / "keys" / "halter.pub").unlink()
    keyless = world.process()
    assert "halter.pub: missing" in keyless.communicate(timeout=60)[1]
