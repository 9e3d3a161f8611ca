"""Tiers over time: up by one with a passing verdict and its signatures, down and out without asking."""

from collections.abc import Sequence

from domain.errors import Refused
from domain.evidence import Outcome, Verdict
from domain.tiers import Ladder, Standing, TierDecision


def decide_tier(ladder: Ladder, current: str, verdicts: Sequence[Verdict], approvals_held: int) -> TierDecision:
    """The tier in force after this cycle's verdicts on the pod, `current` being that of the cycle before.

    1. Any verdict that retires: zero.
    2. PASS on the next tier, its approvals held: up, one tier in a cycle. Without the approvals: the tier is kept, awaiting.
    3. Otherwise the pod stays where its own tier's verdict is PASS. It falls to the highest tier below whose verdict is PASS,
       and to the first tier, which asks nothing, where none is. A fall needs no signature.

    `verdicts`: on one pod, at most one a tier; `approvals_held`: valid signatures for the rise into the next tier. Raises Refused
    where they are on different pods or the verdict on the pod's own tier, above the first, is missing.
    """
    pod, by_tier = _by_tier(ladder, verdicts)
    at = ladder.index(current)
    retired_by = [verdict for verdict in verdicts if verdict.retire]
    if retired_by:
        gates = [r.gate for r in retired_by[0].gates if r.outcome is Outcome.FAIL and r.consequence == "retire"]
        return TierDecision(pod=pod, tier=ladder.tiers[0].name, standing=Standing.RETIRED, reason=", ".join(gates))
    if at > 0 and current not in by_tier:
        raise Refused(f"{pod} stands on {current}: expected a verdict on that tier too, got {sorted(by_tier)}")
    kept = next((i for i in range(at, 0, -1) if _passes(by_tier, ladder.tiers[i].name)), 0)
    if kept < at:
        standing = Standing.INCUBATING if kept == 0 else Standing.HELD
        fell = f"fell from {current}: {'; '.join(by_tier[current].reasons)}"
        return TierDecision(pod=pod, tier=ladder.tiers[kept].name, standing=standing, reason=fell)
    return _rise(ladder, current, pod, by_tier, approvals_held)


def _rise(ladder: Ladder, current: str, pod: str, by_tier: dict[str, Verdict], approvals_held: int) -> TierDecision:
    above = ladder.after(current)
    stays = Standing.INCUBATING if ladder.index(current) == 0 else Standing.HELD
    if above.name == current:
        return TierDecision(pod=pod, tier=current, standing=stays, reason="the highest tier")
    if above.name not in by_tier:
        return TierDecision(pod=pod, tier=current, standing=stays, reason=f"no verdict on {above.name}")
    verdict = by_tier[above.name]
    if verdict.outcome is not Outcome.PASS:
        return TierDecision(pod=pod, tier=current, standing=stays, reason="; ".join(verdict.reasons))
    if approvals_held < above.approvals:
        reason = f"{above.name} asks for {above.approvals} approvals, {approvals_held} held"
        return TierDecision(pod=pod, tier=current, standing=Standing.AWAITING_APPROVAL, reason=reason)
    return TierDecision(pod=pod, tier=above.name, standing=Standing.PROMOTED, reason=f"every gate of {above.name} passes")


def _by_tier(ladder: Ladder, verdicts: Sequence[Verdict]) -> tuple[str, dict[str, Verdict]]:
    pods = sorted({verdict.pod for verdict in verdicts})
    if len(pods) != 1:
        raise Refused(f"a tier is decided for one pod: expected verdicts on one, got {pods}")
    by_tier = {verdict.tier: verdict for verdict in verdicts}
    if len(by_tier) != len(verdicts):
        raise Refused(f"{pods[0]}: expected at most one verdict a tier, got {[verdict.tier for verdict in verdicts]}")
    for name in by_tier:
        ladder.index(name)
    return pods[0], by_tier


def _passes(by_tier: dict[str, Verdict], tier: str) -> bool:
    return tier in by_tier and by_tier[tier].outcome is Outcome.PASS
