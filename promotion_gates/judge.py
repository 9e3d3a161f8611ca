"""The verdict: a pure function of policy, evidence and tier."""

from domain.canonical import EVIDENCE_DECIMALS, canonical_bytes, digest, rounded
from domain.errors import Refused
from domain.evidence import Evidence, Figure, GateResult, Outcome, Verdict
from domain.market import Market
from domain.strategy import Style
from domain.tiers import Tier
from promotion_gates.needs import days_needed, more_days, threshold_words
from promotion_gates.policy import Gate, Policy


def judge(policy: Policy, evidence: Evidence, tier: Tier) -> Verdict:
    """One result for each gate that the tier asks of this pod, in the policy's order.

    FAIL if any gate fails, else INSUFFICIENT if any is, else PASS. An undefined figure never passes. Raises Refused where
    the evidence names an unknown style or market, or where the policy asks nothing at this tier.
    """
    asked = [gate for gate in policy.gates if _is_asked(gate, evidence, tier)]
    if not any(tier.name in gate.tiers for gate in policy.gates):
        raise Refused(f"policy version {policy.version} asks nothing at tier {tier.name!r}: a tier without gates promotes nobody")
    results = tuple(_result(policy, gate, evidence, tier) for gate in asked)
    outcomes = {result.outcome for result in results}
    missed = [result for result in results if result.outcome is not Outcome.PASS]
    return Verdict(
        pod=evidence.pod,
        tier=tier.name,
        outcome=next((worst for worst in (Outcome.FAIL, Outcome.INSUFFICIENT) if worst in outcomes), Outcome.PASS),
        retire=any(result.outcome is Outcome.FAIL and result.consequence == "retire" for result in results),
        reasons=tuple(f"{result.gate}: {result.outcome}: {result.needs}" for result in missed),
        gates=results,
        policy_version=policy.version,
        policy_digest=policy.digest,
        evidence_digest=digest(rounded(evidence.model_dump(mode="json"))),
    )


def verdict_bytes(verdict: Verdict) -> bytes:
    """The canonical bytes whose digest an allocation document carries."""
    return canonical_bytes(verdict.model_dump(mode="json"))


def _is_asked(gate: Gate, evidence: Evidence, tier: Tier) -> bool:
    return (
        tier.name in gate.tiers
        and _market(evidence) in gate.markets
        and (evidence.live or not gate.needs_live)
        and (evidence.selected or not gate.needs_selected)
        and _condition_holds(gate, evidence) is not False
    )


def _condition_holds(gate: Gate, evidence: Evidence) -> bool | None:
    """None where the figure that decides whether the gate applies is itself unknown: then it is asked and not passed."""
    if gate.applies_when is None:
        return True
    figure = evidence.figures.get(gate.applies_when.figure)
    return None if figure is None or figure.value is None else figure.value >= gate.applies_when.at_least


def _result(policy: Policy, gate: Gate, evidence: Evidence, tier: Tier) -> GateResult:
    limit = gate.limit(_style(evidence), tier)
    figure = evidence.figures.get(gate.figure)
    judged = _judged_value(gate, figure)
    margin = None if judged is None else (judged - limit if gate.comparison == ">=" else limit - judged)
    missing = _what_is_missing(gate, evidence, figure, judged)
    if missing:
        outcome, needs = Outcome.INSUFFICIENT, missing
    elif margin is not None and margin >= 0:
        outcome, needs = Outcome.PASS, ""
    else:
        assert judged is not None
        outcome, needs = _miss(policy, gate, evidence, judged, limit)
    return GateResult(
        gate=gate.name,
        group=gate.group,
        outcome=outcome,
        observed=_on_grid(figure.value if figure else None),
        low=_on_grid(figure.low if figure else None),
        high=_on_grid(figure.high if figure else None),
        threshold=_on_grid(limit),
        comparison=gate.comparison,
        unit=gate.unit,
        margin=_on_grid(margin),
        needs=needs,
        consequence=gate.consequence,
    )


def _judged_value(gate: Gate, figure: Figure | None) -> float | None:
    """On the evidence's grid, so that digits below it cannot decide."""
    if figure is None or figure.value is None:
        return None
    value = {"point": figure.value, "low": figure.low, "high": figure.high}[gate.interval]
    return _on_grid(abs(value) if gate.absolute and value is not None else value)


def _what_is_missing(gate: Gate, evidence: Evidence, figure: Figure | None, judged: float | None) -> str:
    if _condition_holds(gate, evidence) is None and gate.applies_when is not None:
        return f"{gate.applies_when.figure}, which decides whether this gate applies"
    if figure is None:
        return f"{gate.figure}: nobody measured it"
    if figure.value is None:
        return f"{gate.figure}: undefined{f' ({figure.note})' if figure.note else ''}"
    if judged is None:
        return f"{gate.figure}: a 95 % interval; only a point is known"
    if gate.min_n is not None and (figure.n is None or figure.n < gate.min_n):
        return f"{gate.min_n - (figure.n or 0):,} more {gate.counts} ({figure.n or 0:,} of {gate.min_n:,})"
    return ""


def _miss(policy: Policy, gate: Gate, evidence: Evidence, judged: float, limit: float) -> tuple[Outcome, str]:
    if gate.missed != "more_days":
        outcome = Outcome.FAIL if gate.missed == "fail" else Outcome.INSUFFICIENT
        return outcome, threshold_words(gate, judged, limit)
    days = evidence.days
    within = days_needed(gate, judged, limit, days) - days <= policy.horizon_days
    words = more_days(gate, judged, limit, days, evidence.figures)
    return Outcome.INSUFFICIENT if within else Outcome.FAIL, words


def _on_grid(value: float | None) -> float | None:
    return None if value is None else round(float(value), EVIDENCE_DECIMALS) + 0.0


def _style(evidence: Evidence) -> Style:
    try:
        return Style(evidence.style)
    except ValueError:
        raise Refused(f"evidence on {evidence.pod}: unknown style {evidence.style!r}, expected one of {list(Style)}") from None


def _market(evidence: Evidence) -> Market:
    try:
        return Market(evidence.market)
    except ValueError:
        raise Refused(f"evidence on {evidence.pod}: unknown market {evidence.market!r}, expected one of {list(Market)}") from None
