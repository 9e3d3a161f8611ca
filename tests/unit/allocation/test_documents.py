import json

import pytest

from allocation.decide import allocate
from allocation.documents import Warrant, allocation_document, payload_bytes, volatility_document
from domain.canonical import digest_bytes
from domain.documents import AllocationDocument
from domain.errors import Refused
from domain.evidence import Outcome, Verdict
from domain.tiers import Standing
from domain.times import Cycle
from tests.unit.allocation.builders import case, desk, noise, request

CYCLE = Cycle.parse("2025-11-16")


def verdict(**changes):
    values = {
        "pod": "a",
        "tier": "T1",
        "outcome": Outcome.PASS,
        "retire": False,
        "reasons": (),
        "gates": (),
        "policy_version": 1,
        "policy_digest": "sha256:p",
        "evidence_digest": "sha256:e",
    }
    return Verdict(**(values | changes))


def promoted(name="laboratory"):
    return allocate(request(case("a", noise(1)), on=desk(name))).limit("a")


def document(line=None, approvals=0, on="laboratory", **changes):
    line = line or promoted(on)
    return allocation_document(desk(on), line, Warrant(verdict(**changes), approvals, True), CYCLE, 0, "sha256:v")


def test_money_is_in_cents_and_times_follow_from_the_cycle():
    made = document()
    assert made.limits.max_gross_usd_cents == 1_000_000_00
    assert made.limits.max_loss_usd_cents == 200_000_00
    assert made.limits.volatility_target_bps == 1500
    assert made.issued_us == CYCLE.issued_us
    assert made.expires_us == CYCLE.expires_us
    assert made.binding == "tier cap T1"


def test_the_payload_is_whole_numbers_and_text_and_reads_back():
    data = payload_bytes(document())
    assert AllocationDocument.parse(json.loads(data), "payload") == document()
    assert b"." not in data.replace(b"sha256:", b"")
    assert document().verdict_digest == digest_bytes(
        json.dumps(verdict().model_dump(mode="json"), sort_keys=True, separators=(",", ":")).encode()
    )


@pytest.mark.parametrize("outcome", [Outcome.FAIL, Outcome.INSUFFICIENT])
def test_no_document_above_the_floor_without_a_pass(outcome):
    with pytest.raises(Refused, match="need PASS on tier T1"):
        document(outcome=outcome)


def test_no_document_above_the_floor_on_a_verdict_for_another_tier_or_pod():
    with pytest.raises(Refused, match="the verdict is PASS on tier T0"):
        document(tier="T0")
    with pytest.raises(Refused, match="got one on b"):
        document(pod="b")


def test_no_document_above_the_floor_without_the_tiers_signatures():
    with pytest.raises(Refused, match="tier T1 asks for 1 approvals, 0 are held"):
        document(on="desk")
    assert document(on="desk", approvals=1).limits.max_gross_usd_cents == 2_000_000_00


def test_a_verdict_that_retires_allows_zero_only():
    with pytest.raises(Refused, match="its limit must be 0"):
        document(retire=True, outcome=Outcome.FAIL, reasons=("fake_alpha",))
    line = allocate(request(case("a", noise(1), "T0", Standing.RETIRED, reason="fake_alpha"))).limit("a")
    made = document(line, retire=True, outcome=Outcome.FAIL)
    assert set(made.limits.model_dump().values()) == {0}


def test_learning_capital_needs_no_pass():
    line = allocate(request(case("a", noise(1), "T0", Standing.INCUBATING))).limit("a")
    assert document(line, outcome=Outcome.FAIL).limits.max_gross_usd_cents == 50_000_00


def test_a_limit_above_the_tiers_cap_is_refused():
    line = promoted("desk")
    with pytest.raises(Refused, match="exceed the cap"):
        allocation_document(desk(), line, Warrant(verdict(), 9, True), CYCLE, 0, "sha256:v")


def test_the_volatility_document_leaves_out_what_is_unknown():
    made = volatility_document(CYCLE, "sim", "linear", True, "v1", {"B": 0.05, "A": 0.03, "C": float("nan")})
    assert made.annual_bps == {"A": 5731, "B": 9552}  # 0.03 and 0.05 times the root of 365, in basis points
    assert payload_bytes(made).startswith(b'{"annual_bps":{"A":5731,"B":9552}')
