"""The daily report's input, gathered from what the steps of the cycle left."""

from domain.canonical import digest
from domain.documents import AllocationDocument
from domain.evidence import Evidence, Outcome, Verdict
from domain.market import Market
from ledger.audit import CHECKPOINT_NAME
from reporting.data import (
    AllocationRow,
    Correlation,
    DailyReport,
    Delivery,
    DeskSummary,
    FundingFacts,
    FundingYear,
    ImpactCalibration,
    Key,
    NeedsYou,
    Severity,
    StepSeconds,
    Trust,
)
from reporting.values import TrialCount, Unknown
from steps.allocation_documents import load_documents
from steps.artefacts import load_json
from steps.as_of_view import load_view
from steps.attribution import BENCHMARKS
from steps.desk import load_desk
from steps.evidence import load_evidence
from steps.gates import load_policy, load_verdicts, previous_limits
from steps.limits import load_limits
from steps.planted_truth import planted_and_found
from steps.records import load_records
from steps.report_parts import mode_of, replay_command, table_qualities
from steps.roster import Member, roster
from steps.run import Run
from steps.series import capacity_curves, pod_series, shortfalls
from steps.sign import parse_allocation
from steps.simulation import simulated_market
from steps.stablecoins import stablecoin_rows
from steps.timings import seconds_by_step
from steps.trust import allocator_key, halt_key, open_log


def daily_report(run: Run) -> DailyReport:
    """Everything that the daily page shows. Raises Refused where a step has not run."""
    view, evidence = load_view(run), load_evidence(run)
    documents = {pod: parse_allocation(payload) for pod, payload in load_documents(run).items()}
    return DailyReport(
        cycle=run.cycle.label,
        revision=max(item.revision for item in documents.values()),
        issued_us=run.cycle.issued_us,
        data_as_of_us=view.as_of_us,
        snapshot=load_json(run, "snapshot")["snapshot"],
        mode=mode_of(run),
        digest=load_json(run, "documents")["digest"],
        code_digest=code_digest(run),
        policy_version=load_policy().version,
        needs_you=tuple(_needs_you(run)),
        desk=_desk(run),
        allocations=tuple(_rows(run, documents, evidence)),
        verdicts=tuple(found[-1] for found in load_verdicts(run).values()),
        series=tuple(pod_series(run, load_records(run)).values()),
        shortfall=tuple(shortfalls(run).values()),
        correlation=_correlation(run),
        capacity=tuple(capacity_curves(run).values()),
        impact=_impact(run),
        quality=table_qualities(run),
        stablecoins=() if run.source.simulated else stablecoin_rows(run),
        funding=_funding(run),
        trials=tuple(_trials(run, evidence)),
        seconds=tuple(
            StepSeconds(step=step, seconds=seconds) for step, seconds in seconds_by_step(run).items() if step != "reports"
        ),
        replay=replay_command(run),
        trust=_trust(run),
        laboratory=planted_and_found(run, documents) if run.source.simulated else None,
        deliveries=tuple(_deliveries(run)),
    )


def code_digest(run: Run) -> str:
    """Of all strategies that were judged."""
    return digest(sorted(member.code for member in roster(run)))


def _needs_you(run: Run) -> list[NeedsYou]:
    items = [
        NeedsYou(
            what=f"sign {pod}: {row['reason']}", severity=Severity.AMBER, link=f"gates-{pod}.html", due_us=run.cycle.expires_us
        )
        for pod, row in load_json(run, "tiers").items()
        if row["standing"] == "awaiting_approval"
    ]
    items += [NeedsYou(what=alarm, severity=Severity.RED) for alarm in load_json(run, "allocation")["stress"]["alarms"]]
    items += [
        NeedsYou(what=f"{pod} was refused: {why}", severity=Severity.AMBER) for pod, why in load_json(run, "refusals").items()
    ]
    items += [
        NeedsYou(what=f"{row['pod']} {row['answer'].lower()}: {row['reason']}", severity=Severity.RED)
        for row in load_json(run, "deliveries")
        if row["answer"] != "APPLIED"
    ]
    quarantined = sum(row["quarantined"] for row in load_json(run, "ingest"))
    if quarantined:
        items.append(
            NeedsYou(
                what=f"{quarantined:,} delivered {'row is' if quarantined == 1 else 'rows are'} in quarantine",
                severity=Severity.INFO,
            )
        )
    return items


def _desk(run: Run) -> DeskSummary:
    desk, stress = load_desk(run.source.simulated), load_json(run, "allocation")["stress"]
    unknown = Unknown(why="too short a common history with BTC")
    return DeskSummary(
        nav_usd=float(desk.nav_usd),
        allocated_usd=stress["gross_usd"],
        volatility_target_annual=desk.volatility_target_annual,
        volatility_ex_ante_annual=_or_unknown(stress["volatility_annual"], unknown),
        gross_exposure=stress["gross_usd"] / desk.nav_usd,
        btc_beta_usd=max(stress["btc_beta_long_usd"], stress["btc_beta_short_usd"]),
        btc_beta_bound_usd=stress["btc_beta_limit_usd"],
        btc_correlation_before=_or_unknown(stress["btc_correlation_asked"], unknown),
        btc_correlation_after=_or_unknown(stress["btc_correlation"], unknown),
        btc_correlation_cap=stress["btc_correlation_cap"],
    )


def _or_unknown(value: float | None, unknown: Unknown) -> float | Unknown:
    return unknown if value is None else value


def _rows(run: Run, documents: dict[str, AllocationDocument], evidence: dict[str, Evidence]) -> list[AllocationRow]:
    tiers, before, verdicts = load_json(run, "tiers"), previous_limits(run), load_verdicts(run)
    members = {member.spec.pod: member for member in roster(run)}
    rows = []
    for line in load_limits(run):
        found, intent = evidence[line.pod], members[line.pod].manifest.execution
        rows.append(
            AllocationRow(
                pod=line.pod,
                strategy=found.strategy,
                style=found.style,
                tier=line.tier,
                state=tiers[line.pod]["standing"].replace("_", " ").upper(),
                limit_usd=documents[line.pod].limits.max_gross_usd_cents / 100,
                previous_limit_usd=before.get(line.pod),
                binding=line.binding,
                next_binding=line.next_binding or None,
                next_limit_usd=None if line.next_usd is None else float(line.next_usd),
                figures=found.figures,
                maker_intent=(intent.maker_share_min, intent.maker_share_max),
                reason=_why(tiers[line.pod], verdicts[line.pod]),
                gate_report=f"gates-{line.pod}.html",
            )
        )
    return rows


def _why(decision: dict[str, str], verdicts: list[Verdict]) -> str:
    """The decision's own reason, or the names of the gates that were missed: the gate report has the sentences."""
    missed = [gate.gate for gate in verdicts[-1].gates if gate.outcome is not Outcome.PASS]
    if decision["standing"] == "incubating" and missed:
        return f"{verdicts[-1].tier} missed on {', '.join(missed)}"
    return decision["reason"]


def _correlation(run: Run) -> Correlation:
    found = load_json(run, "correlation")
    return Correlation(
        pods=tuple(found["pods"]),
        matrix=tuple(tuple(row) for row in found["matrix"]),
        clusters=tuple(tuple(group) for group in load_json(run, "allocation")["clusters"] if len(group) > 1),
    )


def _impact(run: Run) -> ImpactCalibration:
    found = load_json(run, "market_risk")["impact"]
    planted = simulated_market(run.cycle).truth.impact_coefficient if run.source.simulated else None
    return ImpactCalibration(
        y=found["value"],
        low=found["low"],
        high=found["high"],
        orders=found["observations"] or None,
        planted=planted,
        note=found["method"],
    )


def _funding(run: Run) -> FundingFacts | None:
    paid, known = load_json(run, "market_risk")["funding"], load_json(run, "funding_known")
    if run.source.market is Market.SPOT:
        return None
    years = {} if paid is None else paid["by_year"]
    return FundingFacts(
        symbol=BENCHMARKS["btc"] if paid is None else paid["symbol"],
        years=tuple(FundingYear(year=int(year), paid_by_long=value) for year, value in sorted(years.items())),
        known_share=known["share"],
        band_annual=None if known["band"] is None else tuple(known["band"]),
        note="" if known["band"] is not None else known["note"],
    )


def _trials(run: Run, evidence: dict[str, Evidence]) -> list[TrialCount]:
    found = {
        member.manifest.name: trial_count(member, evidence[member.spec.pod])
        for member in roster(run)
        if member.spec.pod in evidence
    }
    return [found[name] for name in sorted(found)]


def trial_count(member: Member, evidence: Evidence) -> TrialCount:
    """How many configurations stand behind a member's strategy, as its evidence has them."""
    counted = {name: evidence.figures[name].value for name in ("trials", "trials_effective", "dsr_benchmark_annual")}
    elsewhere = member.manifest.trials_elsewhere
    return TrialCount(
        strategy=member.manifest.name,
        unique=int(counted["trials"] or 0) - elsewhere,
        elsewhere=elsewhere,
        effective=counted["trials_effective"],
        sharpe_bar_annual=counted["dsr_benchmark_annual"],
    )


def _trust(run: Run) -> Trust:
    log = open_log(run.home)
    return Trust(
        log_size=log.size(),
        root_hash=log.root().hex(),
        checkpoint=(run.home.ledger / CHECKPOINT_NAME).read_text(),
        keys=(
            Key(role="allocator", key_id=allocator_key(run.home).key_id),
            Key(role="halter", key_id=halt_key(run.home).key_id),
        ),
    )


def _deliveries(run: Run) -> list[Delivery]:
    return [
        Delivery(
            pod=row["pod"],
            answer=row["answer"],
            limit_usd=row.get("limit_usd"),
            applied_us=row.get("applied_us"),
            document_digest=row["document_digest"],
            reason=row["reason"],
        )
        for row in load_json(run, "deliveries")
    ]
