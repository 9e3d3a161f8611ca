"""The page's section on the laboratory: a caricature whose truth is known, and whether it came out."""

from domain.documents import AllocationDocument
from laboratory.pods import LaboratoryPod
from laboratory.power import power_table
from reporting.data import Expectation, Laboratory, Planted, Power
from steps.desk import load_desk
from steps.evidence import load_evidence
from steps.gates import load_policy
from steps.roster import laboratory_pods
from steps.run import Run
from steps.simulation import simulated_market


def planted_and_found(run: Run, documents: dict[str, AllocationDocument]) -> Laboratory:
    """What was planted in the simulated market, what the line should do about it, and what it did."""
    truth, policy = simulated_market(run.cycle).truth, load_policy()
    evidence = load_evidence(run)
    trials = max(int(item.figures["trials"].value or 1) for item in evidence.values())
    thresholds = {gate.name: gate.threshold for gate in policy.gates}
    return Laboratory(
        seed=truth.seed,
        planted=(
            Planted(what="volatility of the common factor BTC", value=truth.factor_volatility_annual, unit="fraction"),
            Planted(
                what="log return of BTC in a year, which it strays from and comes back to",
                value=truth.factor_log_return_annual,
                unit="fraction",
            ),
            Planted(what="impact coefficient Y", value=truth.impact_coefficient, unit="1"),
            Planted(what="half-life of the slow drifts that trends earn", value=truth.trend_half_life_days, unit="days"),
            Planted(
                what="half-life of the transient part that reversals earn", value=truth.reversal_half_life_hours, unit="hours"
            ),
        ),
        expectations=tuple(_expectation(documents, pod) for pod in laboratory_pods(run.cycle)),
        power=tuple(
            Power(
                sharpe_annual=row.sharpe_annual,
                days=row.days,
                trials=row.trials,
                psr=row.psr,
                dsr=row.dsr,
                dsr_days_for_80_percent=row.dsr_days_for_80_percent,
            )
            for row in power_table(
                max(item.days for item in evidence.values()),
                trials,
                psr_threshold=float(thresholds["psr"]),  # type: ignore[arg-type]
                dsr_threshold=float(thresholds["dsr"]),  # type: ignore[arg-type]
            )
        ),
    )


def _expectation(documents: dict[str, AllocationDocument], pod: LaboratoryPod) -> Expectation:
    document, floor = documents[pod.spec.pod], load_desk(True).floor_usd * 100
    limit = document.limits.max_gross_usd_cents
    observed = (
        "zero"
        if limit == 0
        else "floor"
        if limit <= floor and document.tier == load_desk(True).ladder.tiers[0].name
        else "promoted"
    )
    return Expectation(
        pod=pod.spec.pod,
        planted=pod.truth,
        expected=pod.expected.value,
        observed=f"{observed} ({document.tier}, {limit / 100:,.0f} USD)",
        came_out=observed == pod.expected.value,
    )
