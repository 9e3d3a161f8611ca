"""The gate reports' inputs: one candidate, one decision each."""

from collections.abc import Collection

from domain.evidence import Evidence, Figure, Verdict
from domain.times import US_PER_DAY
from reporting.gate_data import Claim, GateReport, WorstCase
from steps.artefacts import load_json
from steps.as_of_view import load_view
from steps.daily_report import trial_count
from steps.desk import load_desk
from steps.evidence import load_evidence
from steps.gates import load_verdicts
from steps.limits import load_limits
from steps.records import load_records
from steps.report_parts import mode_of
from steps.roster import laboratory_pods, roster
from steps.run import Run
from steps.series import capacity_curves, pod_series, shortfalls

VALID_DAYS = 30


def gate_reports(run: Run, finalists: Collection[str] = ()) -> dict[str, GateReport]:
    """By pod; `finalists` are those of which an independent engine has drawn a page."""
    verdicts, evidence, view = load_verdicts(run), load_evidence(run), load_view(run)
    lines = {line.pod: line for line in load_limits(run)}
    series, curves, costs = pod_series(run, load_records(run)), capacity_curves(run), shortfalls(run)
    tiers = load_json(run, "tiers")
    ladder = load_desk(run.source.simulated).ladder
    planted = {pod.spec.pod: pod.truth for pod in laboratory_pods(run.cycle)} if run.source.simulated else {}
    found = {}
    for member in roster(run):
        pod = member.spec.pod
        if pod not in verdicts:
            continue
        verdict, tier = verdicts[pod][-1], ladder.tiers[ladder.index(verdicts[pod][-1].tier)]
        intent = member.manifest.execution
        found[pod] = GateReport(
            cycle=run.cycle.label,
            issued_us=run.cycle.issued_us,
            data_as_of_us=view.as_of_us,
            snapshot=load_json(run, "snapshot")["snapshot"],
            mode=mode_of(run),
            evidence=evidence[pod],
            verdict=verdict,
            tier=tiers[pod]["before"],
            limit_usd=float(lines[pod].limit_usd),
            binding=lines[pod].binding,
            asked_usd=float(tier.cap_usd),
            approvals=tier.approvals,
            valid_until_us=run.cycle.issued_us + VALID_DAYS * US_PER_DAY,
            worst_case=_worst_case(run, pod, verdict),
            claims=_claims(evidence[pod]),
            trials=trial_count(member, evidence[pod]),
            parameters={name: float(value) for name, value in member.configurations()[0].items()},
            maker_intent=(intent.maker_share_min, intent.maker_share_max),
            planted=planted.get(pod),
            series=series[pod],
            shortfall=costs.get(pod),
            capacity=curves.get(pod),
            daily_report="index.html",
            finalist=f"finalist-{pod}.html" if pod in finalists else None,
        )
    return found


def _worst_case(run: Run, pod: str, verdict: Verdict) -> WorstCase:
    """At the cap of the tier asked for."""
    desk, rows = load_desk(run.source.simulated), load_json(run, "capacity")
    tier = desk.ladder.tiers[desk.ladder.index(verdict.tier)]
    row = rows.get(pod)
    scale = tier.cap_usd / row["limit_usd"] if row is not None and row["limit_usd"] else None
    return WorstCase(
        loss_to_stop_usd=float(tier.loss_budget_usd),
        loss_to_stop_nav_share=tier.loss_budget_usd / desk.nav_usd,
        exit_days=None if scale is None or row is None else row["exit_days"] * scale,
        adv_share=None if scale is None or row is None else row["adv_share"] * scale,
    )


def _claims(evidence: Evidence) -> tuple[Claim, ...]:
    claims = [Claim(label="backtest, net", figure=evidence.figures["sharpe_annual"])]
    bar = evidence.figures.get("dsr_benchmark_annual")
    if bar is not None and bar.value is not None:
        claims.append(Claim(label="best of so many worthless trials", figure=Figure(value=bar.value, unit="1")))
    return tuple(claims)
