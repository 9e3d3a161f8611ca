"""Verdicts: each pod's evidence against the policy, for the tier that it has and the one that it asks for."""

from typing import Any

from domain.canonical import digest
from domain.evidence import Outcome, Verdict
from domain.tiers import Ladder
from ledger.log import Log
from promotion_gates.judge import judge
from promotion_gates.policy import Group, Policy
from steps.artefacts import load_json, save_json
from steps.configuration import CONFIG, load
from steps.desk import load_desk
from steps.evidence import load_evidence
from steps.run import Check, Run, StepResult
from steps.trust import open_log

VERDICT = "verdict"
GATE_GROUPS: tuple[str, ...] = tuple(group.value for group in Group)


def gates(run: Run) -> StepResult:
    """Judge every pod by the policy; the verdicts go on record before anything follows from them.

    A gate that fails never blocks the line: what a pod may have is enforced where its document is made.
    """
    log, ladder = open_log(run.home), load_desk(run.source.simulated).ladder
    policy = load_policy()
    verdicts = {}
    for pod, evidence in load_evidence(run).items():
        tiers = ladder.tiers[1 : ladder.index(ladder.after(standing_before(run, log, ladder, pod)).name) + 1]
        verdicts[pod] = [judge(policy, evidence, tier) for tier in tiers]
    save_json(run, "verdicts", {pod: [item.model_dump(mode="json") for item in found] for pod, found in verdicts.items()})
    log.append_many([(VERDICT, verdict_body(run, verdict)) for found in verdicts.values() for verdict in found])
    asked = {pod: found[-1] for pod, found in verdicts.items()}
    counts = {outcome: sum(verdict.outcome is outcome for verdict in asked.values()) for outcome in Outcome}
    return StepResult(
        headline=", ".join(f"{count} {outcome}" for outcome, count in counts.items()) + f" under policy version {policy.version}",
        facts={
            "policy_version": policy.version,
            "policy_digest": policy.digest,
            **{str(name): count for name, count in counts.items()},
        },
        table=tuple(
            {"pod": pod, "tier": verdict.tier, "outcome": str(verdict.outcome), "why": "; ".join(verdict.reasons)}
            for pod, verdict in asked.items()
        ),
        checks=tuple(_check(group, asked) for group in GATE_GROUPS),
    )


def load_policy() -> Policy:
    return load(CONFIG / "policy.yaml", Policy)


def load_verdicts(run: Run) -> dict[str, list[Verdict]]:
    """By pod, lowest tier first; the last is on the tier asked for."""
    rows = load_json(run, "verdicts")
    return {pod: [Verdict.parse(row, origin="verdicts.json") for row in found] for pod, found in rows.items()}


def warranting_verdicts(run: Run) -> dict[str, Verdict]:
    """The verdict on the tier that each pod now holds; of a pod on learning capital, the one on the tier it asks for."""
    decided = load_json(run, "tiers")
    chosen = {}
    for pod, found in load_verdicts(run).items():
        on_tier = [verdict for verdict in found if verdict.tier == decided[pod]["tier"]]
        retiring = [verdict for verdict in found if verdict.retire]
        chosen[pod] = (retiring or on_tier or found[:1])[0]
    return chosen


def standing_before(run: Run, log: Log, ladder: Ladder, pod: str) -> str:
    """The tier that the newest document of an earlier cycle gave the pod; the first tier where there is none."""
    newest = _newest_before(run, log).get(pod)
    return ladder.tiers[0].name if newest is None else str(newest["tier"])


def previous_limits(run: Run) -> dict[str, float]:
    """USD by pod in the newest documents of earlier cycles."""
    return {pod: body["max_gross_usd_cents"] / 100 for pod, body in _newest_before(run, open_log(run.home)).items()}


def _newest_before(run: Run, log: Log) -> dict[str, dict[str, Any]]:
    """The entry of each pod's newest document of an earlier cycle, simulated or not like this run."""
    newest: dict[str, dict[str, Any]] = {}
    for entry in log.entries("allocation"):
        body = entry.body
        if body["cycle"] >= run.cycle.label or body["simulated"] != run.source.simulated:
            continue
        held = newest.get(body["pod"])
        if held is None or (held["cycle"], held["revision"]) <= (body["cycle"], body["revision"]):
            newest[body["pod"]] = body
    return newest


def verdict_body(run: Run, verdict: Verdict) -> dict[str, Any]:
    """The entry that puts a verdict on record."""
    return {
        "pod": verdict.pod,
        "cycle": run.cycle.label,
        "tier": verdict.tier,
        "outcome": verdict.outcome.value,
        "verdict": digest(verdict.model_dump(mode="json")),
        "evidence": verdict.evidence_digest,
        "policy": verdict.policy_digest,
    }


def _check(group: str, verdicts: dict[str, Verdict]) -> Check:
    missed = {
        pod: [gate.gate for gate in verdict.gates if gate.group == group and gate.outcome is not Outcome.PASS]
        for pod, verdict in verdicts.items()
    }
    missed = {pod: gates for pod, gates in missed.items() if gates}
    return Check(
        name=f"gates_{group}",
        passed=not missed,
        blocking=False,
        sentence="; ".join(f"{pod}: {', '.join(names)}" for pod, names in missed.items()) or "every pod passes",
        facts={"pods": len(verdicts), "not passing": len(missed)},
    )
