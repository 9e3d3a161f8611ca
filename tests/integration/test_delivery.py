"""`factory run --deliver` to pods served by `factory pod serve`: they obey what is theirs and refuse everything else."""

import datetime as dt
import json
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
import yaml

from domain.canonical import canonical_bytes
from domain.documents import ALLOCATION_TYPE
from domain.errors import Expired, Refused, RolledBack, Unreachable
from domain.market import Market
from domain.times import Cycle
from ledger.envelope import read_unverified, seal
from ledger.keys import SigningKey
from pipelines.reallocation import Reallocation
from pods.client import deliver as send
from pods.client import status
from steps.deliver import deliver
from steps.home import Home
from steps.receipts import RECEIPT
from steps.run import Run, Source
from steps.summary import summarise
from steps.trust import allocator_key, halt_key
from tests.line import FACTORY, ROOT, here, log_of, made_once
from tests.small_market import write_market

DAYS = 120
OBEYS, OBEYS_TOO, SILENT, UNHEARD_OF = "breakout", "noise", "carry", "nobody"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass(frozen=True)
class Desk:
    """A home, its data up to the newest midnight whose cycle has been issued, and a folder for each pod."""

    folder: Path

    @property
    def home(self) -> Path:
        return self.folder / "home"

    @property
    def data(self) -> Path:
        return self.folder / "market"

    @property
    def cycle(self) -> Cycle:
        return Cycle.parse((self.folder / "cycle").read_text())

    @property
    def run(self) -> Run:
        return Run(Home(self.home), self.cycle, Source((self.data,), Market.LINEAR, "binance"), deliver=True)

    def run_with(self, pods: Path) -> Run:
        return replace(self.run, pods=pods)

    def addresses(self, **urls: str) -> Path:
        path = self.folder / "pods.yaml"
        path.write_text(yaml.safe_dump({"pods": [{"pod": pod.replace("_", "-"), "url": url} for pod, url in urls.items()]}))
        return path

    def pod_home(self, pod: str) -> Path:
        """A home of the pod's own, that holds the public keys it obeys and nothing else of the desk's."""
        keys = self.folder / f"at-{pod}" / "keys"
        if not keys.exists():
            keys.mkdir(parents=True)
            for name in ("allocator.pub", "halter.pub"):
                shutil.copy(self.home / "keys" / name, keys)
        return keys.parent

    @contextmanager
    def serving(self, pod: str, port: int | None = None, *, kill: bool = False) -> Iterator[str]:
        chosen = free_port() if port is None else port
        command = [FACTORY, "pod", "serve", "--id", pod, "--port", str(chosen), "--home", self.pod_home(pod)]
        with subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True) as process:
            assert process.stderr is not None
            assert f"http://127.0.0.1:{chosen}" in process.stderr.readline()
            try:
                yield f"http://127.0.0.1:{chosen}"
            finally:
                process.kill() if kill else process.terminate()

    def envelope(self, pod: str, revision: int = 0) -> bytes:
        return (self.home / "allocations" / f"{self.cycle.label}.{pod}.r{revision}.json").read_bytes()

    def signed_anew(self, pod: str, key: SigningKey | None = None, **changes: object) -> bytes:
        """The pod's document with changes, under the allocator's key or another."""
        payload = json.loads(read_unverified(self.envelope(pod)).payload) | changes
        return seal(canonical_bytes(payload), ALLOCATION_TYPE, key or allocator_key(Home(self.home)))

    @classmethod
    def make(cls, folder: Path) -> None:
        """Decide, and deliver nothing yet."""
        desk = cls(folder)
        issued = dt.datetime.now(dt.UTC) - dt.timedelta(minutes=31)
        write_market(desk.data, DAYS, (issued.date() - dt.timedelta(days=DAYS)).isoformat())
        (folder / "cycle").write_text(issued.date().isoformat())
        answer = here("run", "--data", desk.data, "--home", desk.home, "--json")
        assert (answer.code, answer.json["deliveries"]) == (0, []), answer.err
        halt_key(Home(desk.home))


@pytest.fixture
def desk(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Desk:
    return Desk(Path(shutil.copytree(made_once(tmp_path_factory, "desk", Desk.make), tmp_path / "desk")))


def test_limits_are_in_force_after_delivery_and_nothing_else_is(desk: Desk) -> None:
    with desk.serving(OBEYS) as one, desk.serving(OBEYS_TOO) as other:
        public = desk.pod_home(OBEYS) / "keys" / f"pod-{OBEYS}.pub"
        shutil.copy(public, desk.home / "keys")
        silent = f"http://127.0.0.1:{free_port()}"
        pods = desk.addresses(**{OBEYS: one, OBEYS_TOO: other, SILENT: silent, UNHEARD_OF: silent})
        asked = ("run", "--data", desk.data, "--home", desk.home, "--deliver", "--pods", pods, "--json")
        first = here(*asked)
        assert first.code == 0, first.err
        limits = {row["pod"]: row["max_gross_usd_cents"] for row in first.json["allocations"]}
        found = {row["pod"]: row for row in first.json["deliveries"]}
        assert {pod: row["answer"] for pod, row in found.items()} == {
            OBEYS: "APPLIED",
            OBEYS_TOO: "APPLIED",
            SILENT: "UNREACHABLE",
            UNHEARD_OF: "NO DOCUMENT",
        }
        assert silent in found[SILENT]["reason"]
        assert (found[OBEYS]["signer"] is not None, found[OBEYS_TOO]["signer"]) == (True, None)
        for pod, url in ((OBEYS, one), (OBEYS_TOO, other)):
            now = status(url)
            assert (now.trading_state, now.cycle, now.revision) == ("ACTIVE", desk.cycle.label, 0)
            assert now.limits.max_gross_usd_cents == limits[pod] > 0
            assert now.document_digest == found[pod]["document_digest"]

        stored = {path.name: path.read_bytes() for path in (desk.home / "receipts").iterdir()}
        assert sorted(stored) == [f"{desk.cycle.label}.{pod}.r0.json" for pod in (OBEYS, OBEYS_TOO)]
        on_record = [json.loads(body)["pod"] for kind, body in log_of(desk.home) if kind == RECEIPT]
        assert sorted(on_record) == [OBEYS, OBEYS_TOO]
        receipt = here("verify", desk.home / "receipts" / f"{desk.cycle.label}.{OBEYS}.r0.json", "--home", desk.home, "--json")
        assert (receipt.code, receipt.json[0]["valid"]) == (0, True)

        again = deliver(desk.run_with(pods))
        assert again.facts["APPLIED"] == 2
        assert {path.name: path.read_bytes() for path in (desk.home / "receipts").iterdir()} == stored

        refused_by(one, Refused, "altered", desk.envelope(OBEYS).replace(b"eyJ", b"eyK", 1))
        refused_by(one, Refused, "expected a document for pod", desk.envelope(OBEYS_TOO))
        refused_by(one, Refused, "unknown signer", desk.signed_anew(OBEYS, SigningKey.from_seed(b"x" * 32), revision=1))
        old = Cycle(desk.cycle.date - dt.timedelta(days=9))
        dates = {"cycle": old.label, "issued_us": old.issued_us, "expires_us": old.expires_us}
        refused_by(one, Expired, "expired", desk.signed_anew(OBEYS, **dates))
        assert status(one).revision == 0
        send(one, desk.signed_anew(OBEYS, revision=1))
        refused_by(one, RolledBack, "a replay", desk.envelope(OBEYS))
        assert (status(one).revision, status(one).trading_state) == (1, "ACTIVE")

        # The desk is told as well: its own document is behind what the pod holds.
        assert deliver(desk.run_with(desk.addresses(**{OBEYS: one}))).facts["REFUSED"] == 1
        with pytest.raises(Refused, match=f"{OBEYS}: .*a replay"):
            Reallocation(summarise(desk.run), {}).raise_for_pods()


def refused_by(url: str, error: type[Refused], words: str, envelope: bytes) -> None:
    with pytest.raises(error, match=words) as refusal:
        send(url, envelope)
    assert type(refusal.value) is error


def test_where_no_pod_answers_the_run_is_unreachable(desk: Desk) -> None:
    pods = desk.addresses(**{OBEYS: f"http://127.0.0.1:{free_port()}", OBEYS_TOO: f"http://127.0.0.1:{free_port()}"})
    assert deliver(desk.run_with(pods)).facts["UNREACHABLE"] == 2
    with pytest.raises(Unreachable, match=f"{OBEYS}: .*; {OBEYS_TOO}: "):
        Reallocation(summarise(desk.run), {}).raise_for_pods()


def test_a_halt_stops_a_pod_and_survives_a_kill_and_the_next_document(desk: Desk) -> None:
    port = free_port()
    with desk.serving(OBEYS_TOO, port, kill=True) as url:
        send(url, desk.envelope(OBEYS_TOO))
        assert status(url).trading_state == "ACTIVE"
        halt = ("pod", "halt", url, "--id", OBEYS_TOO, "--home", desk.home, "--json")
        answer = here(*halt, "--reason", "drill", "--verb", "FREEZE")
        assert (answer.code, answer.json["trading_state"]) == (0, status(url).trading_state)
        assert here(*halt, "--reason", "drill").json["trading_state"] == "HALTED"
        stranger = here("pod", "halt", url, "--id", OBEYS_TOO, "--reason", "mischief", "--home", desk.folder / "elsewhere")
        assert (stranger.code, "unknown signer" in stranger.sentence) == (1, True)
        nonsense = here(*halt, "--reason", "drill", "--verb", "PLEASE")
        assert (nonsense.code, "PLEASE" in nonsense.sentence) == (1, True)
    with desk.serving(OBEYS_TOO, port) as url:
        told = here("pod", "status", url, "--json").json
        assert (told["trading_state"], told["halt"], told["gross_exposure_usd_cents"]) == ("HALTED", "FLATTEN", 0)
        send(url, desk.signed_anew(OBEYS_TOO, revision=1))
        assert (status(url).revision, status(url).trading_state) == (1, "HALTED")
