"""Payloads of the cycle's documents, and the refusal to write one that its verdict does not carry.

The scheduler shows and does not enforce: this is the one place where a limit becomes a document, so it is the place that
refuses capital above the floor without a passing verdict and the signatures of its tier.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from allocation.desk import Desk
from allocation.request import PodLimit
from domain.canonical import canonical_bytes, digest
from domain.documents import AllocationDocument, Limits, VolatilityDocument
from domain.errors import Refused
from domain.evidence import Outcome, Verdict
from domain.times import DAYS_PER_YEAR, Cycle

CENTS = 100
BPS = 10_000


@dataclass(frozen=True)
class Warrant:
    """What entitles a pod to its limit: a verdict on its tier, and the valid signatures held for a rise into it."""

    verdict: Verdict
    approvals_held: int
    simulated: bool


def allocation_document(
    desk: Desk, line: PodLimit, warrant: Warrant, cycle: Cycle, revision: int, volatility_digest: str
) -> AllocationDocument:
    """One pod's limits for one cycle, in whole cents and basis points.

    Raises Refused where the limit is above the learning capital without a PASS on the pod's tier and that tier's approvals,
    or above the tier's cap, or not zero for a verdict that retires.
    """
    _refuse_without_warrant(desk, line, warrant)
    verdict = warrant.verdict
    return AllocationDocument(
        pod=line.pod,
        cycle=cycle.label,
        revision=revision,
        issued_us=cycle.issued_us,
        expires_us=cycle.expires_us,
        tier=line.tier,
        limits=Limits(
            max_gross_usd_cents=line.limit_usd * CENTS,
            max_position_usd_cents=line.max_position_usd * CENTS,
            volatility_target_bps=round(desk.pod_volatility_target_annual * BPS) if line.limit_usd else 0,
            max_loss_usd_cents=line.max_loss_usd * CENTS,
        ),
        binding=line.binding,
        simulated=warrant.simulated,
        evidence_digest=verdict.evidence_digest,
        verdict_digest=digest(verdict.model_dump(mode="json")),
        policy_digest=verdict.policy_digest,
        volatility_digest=volatility_digest,
    )


def volatility_document(
    cycle: Cycle, venue: str, market: str, simulated: bool, method: str, daily_volatility: Mapping[str, float]
) -> VolatilityDocument:
    """The published forecast: daily volatility by symbol (fraction) as annual basis points; a symbol without one is left out."""
    annual = {symbol: daily * DAYS_PER_YEAR**0.5 * BPS for symbol, daily in sorted(daily_volatility.items())}
    return VolatilityDocument(
        cycle=cycle.label,
        issued_us=cycle.issued_us,
        expires_us=cycle.expires_us,
        venue=venue,
        market=market,
        simulated=simulated,
        method=method,
        # Not comparable with itself: a NaN is unknown, and an unknown volatility is not published.
        annual_bps={symbol: round(bps) for symbol, bps in annual.items() if bps == bps},
    )


def payload_bytes(document: AllocationDocument | VolatilityDocument) -> bytes:
    """The bytes that are signed."""
    return canonical_bytes(document.model_dump(mode="json"))


def _refuse_without_warrant(desk: Desk, line: PodLimit, warrant: Warrant) -> None:
    verdict, tier = warrant.verdict, desk.ladder.tiers[desk.ladder.index(line.tier)]
    if verdict.pod != line.pod:
        raise Refused(f"allocation to {line.pod}: expected a verdict on it, got one on {verdict.pod}")
    if verdict.retire and line.limit_usd > 0:
        raise Refused(f"allocation to {line.pod}: the verdict retires it ({', '.join(verdict.reasons)}); its limit must be 0")
    if line.limit_usd > tier.cap_usd:
        raise Refused(f"allocation to {line.pod}: {line.limit_usd} USD exceed the cap of tier {tier.name}, {tier.cap_usd} USD")
    if line.limit_usd <= desk.floor_usd:
        return
    if verdict.tier != line.tier or verdict.outcome is not Outcome.PASS:
        raise Refused(
            f"allocation to {line.pod}: {line.limit_usd} USD are above the learning capital of {desk.floor_usd} USD and need "
            f"PASS on tier {line.tier}; the verdict is {verdict.outcome} on tier {verdict.tier}"
        )
    if warrant.approvals_held < tier.approvals:
        raise Refused(
            f"allocation to {line.pod}: tier {line.tier} asks for {tier.approvals} approvals, {warrant.approvals_held} are held"
        )
