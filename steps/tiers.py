"""Tiers: at most one up in a cycle, down and out without asking."""

from domain.tiers import TierDecision
from promotion_gates.lifecycle import decide_tier
from steps.artefacts import load_json, save_json
from steps.desk import load_desk
from steps.gates import load_verdicts, standing_before
from steps.run import Run, StepResult
from steps.trust import open_log


def tiers(run: Run) -> StepResult:
    """Move each pod along the ladder by its verdicts; a rise that needs signatures waits for them."""
    log, ladder = open_log(run.home), load_desk(run.source.simulated).ladder
    decisions, before = {}, {}
    for pod, verdicts in load_verdicts(run).items():
        before[pod] = standing_before(run, log, ladder, pod)
        decisions[pod] = decide_tier(ladder, before[pod], verdicts, approvals_held=0)
    save_json(run, "tiers", {pod: {**item.model_dump(mode="json"), "before": before[pod]} for pod, item in decisions.items()})
    standings = sorted(item.standing.value for item in decisions.values())
    return StepResult(
        headline=", ".join(f"{standings.count(name)} {name.replace('_', ' ')}" for name in sorted(set(standings))),
        facts={"pods": len(decisions)},
        table=tuple(
            {"pod": pod, "before": before[pod], "tier": item.tier, "standing": item.standing.value, "reason": item.reason}
            for pod, item in decisions.items()
        ),
    )


def load_decisions(run: Run) -> dict[str, TierDecision]:
    """By pod."""
    rows = load_json(run, "tiers")
    return {
        pod: TierDecision.parse({key: value for key, value in row.items() if key != "before"}, origin="tiers.json")
        for pod, row in rows.items()
    }
