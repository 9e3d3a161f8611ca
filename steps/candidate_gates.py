"""`factory gates`: one package before the policy on what the lake holds, and its gate report."""

from typing import Any

import numpy as np

from allocation.capacity import Liquidity, capacity
from allocation.impact_coefficient import calibrate_from_flow
from backtest.costs import ADV_DAYS, trailing_adv_usd
from data_lake.checks import check, completeness
from data_lake.findings import Severity
from data_lake.lake import Lake
from domain.canonical import digest
from domain.evidence import Evidence, Figure, Verdict
from domain.market import SIMULATED_VENUE
from domain.record import PodRecord
from domain.tiers import Tier
from domain.times import to_datetime
from durable.files import write_durably
from promotion_gates.judge import judge
from reporting.gate import render_gate
from reporting.gate_data import Claim, GateReport
from reporting.values import Mode, TrialCount
from steps.as_of_view import DataView, LocatedView
from steps.attribution import attributed_figures
from steps.capacities import on_symbols
from steps.desk import first_rung, load_desk
from steps.evidence import data_figures, evidence_on
from steps.experiments import Asked, record_experiment
from steps.gates import load_policy
from steps.home import Home
from steps.ingest import now_us
from steps.pod_returns import Workbench, evaluate_configurations, funding_note, remember_trials
from steps.research import asked_note, inputs_of
from steps.research_data import bench_on, find_member, locate_data
from steps.roster import Member
from steps.run_comparison import change_lines
from steps.run_records import all_runs, load_run, note_asked, save_run
from steps.tear_sheet import SEED
from steps.trials import Behind, DeskTrials
from steps.trust import open_log


def judge_package(
    home: Home, package: str, tier: str | None, as_of: str | None, venue: str | None, market: str | None, asked: Asked
) -> dict[str, Any]:
    """Judge one package for one tier; every configuration of its grid stands on the log first. Writes its gate report."""
    member, located = find_member(home, package), locate_data(home, as_of, venue, market)
    view, log, manifest = located.view, open_log(home), member.manifest
    desk = load_desk(view.venue == SIMULATED_VENUE)
    rung = first_rung(desk) if tier is None else desk.ladder.tiers[desk.ladder.index(tier)]
    configurations = member.configurations()
    claim = record_experiment(log, asked, member, configurations, view, SEED)
    bench = bench_on(home, located)
    records = evaluate_configurations(member, bench)
    remember_trials(home, member, view, configurations, records)
    behind = DeskTrials.on_record(home, view).behind(member)
    evidence = evidence_of(home, member, located, bench, records, behind)
    verdict = judge(load_policy(), evidence, rung)
    run = save_run(home, inputs_of(member, configurations[0], bench, view), records[0])
    page = home.root / "reports" / "gates" / f"{manifest.name}-{run}-{rung.name}.html"
    changed = _changed(home, run)
    write_durably(page, render_gate(_report(member, located, evidence, verdict, rung, behind, changed)).encode())
    judged = {"tier": verdict.tier, "outcome": verdict.outcome.value, "reasons": list(verdict.reasons), "report": str(page)}
    note_asked(home, run, now_us(), asked_note(asked, claim, located, behind, records[0]) | {"verdict": judged})
    log.append("run", {"run": run, "strategy": manifest.name, "code": member.code, "by": asked.by})
    return {
        "outcome": verdict.outcome.value,
        "tier": verdict.tier,
        "package": f"{manifest.name}@{member.code[7:19]}",
        "authors": list(manifest.authors),
        "hypothesis": claim["hypothesis"],
        "run": run,
        "trials": behind.n,
        "gates": [
            {
                "gate": gate.gate,
                "outcome": gate.outcome.value,
                "observed": gate.observed,
                "threshold": gate.threshold,
                "unit": gate.unit,
                "margin": gate.margin,
                "needs": gate.needs,
            }
            for gate in verdict.gates
        ],
        "digest": digest(verdict.model_dump(mode="json")),
        "report": str(page),
    }


def evidence_of(
    home: Home, member: Member, located: LocatedView, bench: Workbench, records: list[PodRecord], behind: Behind
) -> Evidence:
    """Everything that the verdict may look at; `records` of all configurations, the chosen one first."""
    panel, view = bench.seen, located.view
    impact, desk = calibrate_from_flow(panel), load_desk(view.venue == SIMULATED_VENUE)
    recent = np.isfinite(panel.close[-ADV_DAYS * panel.bars_per_day :]).any(axis=0)
    record = on_symbols(records[0], frozenset(np.array(panel.symbols)[recent].tolist()))
    liquidity = Liquidity(trailing_adv_usd(panel)[-1][recent], bench.volatility[-1][recent])
    careful, generous = (capacity(record, liquidity, desk.capacity, end) for end in (impact.high, impact.low))
    shares, red = _quality(home, view)
    return evidence_on(
        member,
        records[0],
        view,
        trials=np.column_stack([record.net_return for record in records]),
        behind=behind,
        attribution=attributed_figures(panel, records[0]),
        capacity=careful.figure(generous.usd),
        data=data_figures(member, view, shares, red, bench.funding.known_share, funding_note(bench.funding)),
    )


def _quality(home: Home, view: DataView) -> tuple[dict[str, float], int]:
    where = (view.venue, view.market, view.interval_us, view.start_us, view.end_us, view.as_of_us)
    with Lake(home.root) as lake:
        red = sum(finding.severity is Severity.RED for finding in check(lake, *where))
        return completeness(lake, *where), red


def _changed(home: Home, run: str) -> tuple[str, ...]:
    """Against the run of this strategy that was judged before it."""
    own = load_run(run, home)
    judged = [one for one in all_runs(home) if any("verdict" in item for item in one.asked)]
    earlier = [one for one in judged if one.inputs.strategy == own.inputs.strategy and one.id != run]
    return change_lines(earlier[0], own) if earlier else ()


def _report(
    member: Member,
    located: LocatedView,
    evidence: Evidence,
    verdict: Verdict,
    rung: Tier,
    behind: Behind,
    changed: tuple[str, ...],
) -> GateReport:
    view, figures, intent = located.view, evidence.figures, member.manifest.execution
    claims = [Claim(label="backtest, net", figure=figures["sharpe_annual"])]
    bar = figures["dsr_benchmark_annual"].value
    if bar is not None:
        claims.append(Claim(label="best of so many worthless trials", figure=Figure(value=bar, unit="1")))
    simulated = view.venue == SIMULATED_VENUE
    return GateReport(
        cycle=to_datetime(view.end_us).date().isoformat(),
        issued_us=view.as_of_us,
        data_as_of_us=view.as_of_us,
        snapshot=located.snapshot,
        mode=Mode.SIMULATED if simulated else Mode.SHADOW,
        evidence=evidence,
        verdict=verdict,
        tier=load_desk(simulated).ladder.tiers[0].name,
        asked_usd=float(rung.cap_usd),
        approvals=rung.approvals,
        claims=tuple(claims),
        trials=TrialCount(
            strategy=member.manifest.name,
            unique=behind.unique,
            elsewhere=behind.elsewhere,
            effective=behind.effective,
            sharpe_bar_annual=bar,
        ),
        parameters={name: float(value) for name, value in member.configurations()[0].items()},
        maker_intent=(intent.maker_share_min, intent.maker_share_max),
        changed=changed,
    )
