"""The reports of the made-up desk: what tests render and a person looks at."""

import math

import numpy as np

from domain.evidence import Figure
from domain.times import US_PER_DAY
from reporting.data import (
    AllocationRow,
    Correlation,
    DailyReport,
    Delivery,
    DeskSummary,
    Expectation,
    FeedQuality,
    Finding,
    FundingFacts,
    FundingYear,
    ImpactCalibration,
    Key,
    Laboratory,
    NeedsYou,
    Planted,
    Power,
    QuarantinedRows,
    Severity,
    StepSeconds,
    Trust,
)
from reporting.gate_data import Claim, GateReport, HistoryEntry, WorstCase
from reporting.values import CapacityCurve, Mode, Shortfall, TrialCount, Unknown
from tests.unit.reporting.made_up import CYCLE, DAYS, DIGEST, PODS, evidence, figures, series, verdict


def shortfall(position: int) -> Shortfall:
    hasty = PODS[position][0] == "trend-hasty"
    parts = (
        {"delay": 5.1, "trading": 8.7, "opportunity": 1.4, "fees": 4.5}
        if hasty
        else {"delay": -0.4, "trading": 1.2, "opportunity": 0.3, "fees": 1.8}
    )
    total = sum(parts.values())
    return Shortfall(
        pod=PODS[position][0],
        orders=9120 - 700 * position,
        notional_usd=88e6 - 9e6 * position,
        parts_bps=parts,
        total_low_bps=total - 1.1,
        total_high_bps=total + 1.1,
    )


def capacity(position: int) -> CapacityCurve:
    sizes = tuple(float(10**power) for power in np.linspace(4.5, 8, 15))
    cost = tuple(2.0 + (0.4 + 0.35 * position) * math.sqrt(size / 1e5) for size in sizes)
    return CapacityCurve(
        pod=PODS[position][0],
        capital_usd=sizes,
        cost_bps=cost,
        limit_usd=float(PODS[position][8]),
        capacity_usd=2e6 * (position + 1),
    )


def correlation() -> Correlation:
    matrix = np.eye(8)
    for row, column, value in (
        (0, 2, 0.96),
        (0, 6, 0.81),
        (2, 6, 0.79),
        (0, 3, 0.34),
        (2, 3, 0.33),
        (3, 6, 0.36),
        (1, 7, -0.08),
        (0, 1, -0.12),
        (1, 4, 0.05),
    ):
        matrix[row, column] = matrix[column, row] = value
    return Correlation(
        pods=tuple(pod[0] for pod in PODS),
        matrix=tuple(tuple(float(value) for value in row) for row in matrix),
        clusters=(("trend-skilled", "trend-clone", "trend-hasty"), ("reversal-skilled",), ("edge-decayed",), ("noise",)),
    )


REASONS = (
    "All 13 gates of T2 pass; shares one risk budget with its clone.",
    "All gates of T2 pass; rises one tier.",
    "Passes alone; correlated 0.96 with trend-skilled, so the pair gets one budget.",
    "Profitable, but residual alpha is 0.4 % a year with t 0.1: a levered BTC position.",
    "Recent alpha t 0.2 against 4.8 before: the edge has gone.",
    "PSR 0.31, DSR 0.02: nothing there.",
    "19.7 bp shortfall, all aggressive against an intent of 50 to 95 % maker: costs halve its alpha.",
    "p99 latency 74 ms against a budget of 50 ms for market making.",
)


def allocation(position: int) -> AllocationRow:
    pod, package, style, _, _, _, tier, state, limit, previous, binding = PODS[position]
    return AllocationRow(
        pod=pod,
        strategy=package,
        style=style,
        tier=tier,
        state=state,
        limit_usd=limit,
        previous_limit_usd=previous,
        binding=binding,
        next_binding="gross limit of the desk" if limit > 100_000 else None,
        next_limit_usd=limit * 1.3 if limit > 100_000 else None,
        figures=figures(position),
        maker_intent=(0.5, 0.95),
        reason=REASONS[position],
        gate_report=f"gates/{pod}.html",
    )


def feeds() -> tuple[FeedQuality, ...]:
    first = int(CYCLE.closes_us) - DAYS * US_PER_DAY
    last = int(CYCLE.closes_us) - US_PER_DAY // 24
    findings = (
        Finding(kind="gap", severity=Severity.AMBER, count=1, examples=("SIMCUSDT 2025-04-30 03:00Z, 7 bars missing",)),
        Finding(kind="zero volume", severity=Severity.AMBER, count=1, examples=("SIMFUSDT 2025-06-19 11:00Z",)),
        Finding(kind="revision", severity=Severity.INFO, count=24, examples=("SIMEUSDT 2025-10-02, 24 bars, known 2025-10-27",)),
        Finding(kind="delisting", severity=Severity.INFO, count=1, examples=("SIMJUSDT last bar 2025-09-16 23:00Z",)),
    )
    quarantined = (
        QuarantinedRows(reason="unfinished bar: known before it closed", rows=1, examples=("SIMBUSDT 2025-11-15 23:00Z",)),
    )
    return (
        FeedQuality(
            table="bars",
            feed="laboratory bars, 1 h",
            rows=208_784,
            symbols=12,
            first_us=first,
            last_us=last,
            completeness=0.99996,
            findings=findings,
            quarantined=quarantined,
            data_docs="data_docs/index.html",
        ),
        FeedQuality(
            table="funding",
            feed="laboratory funding, 8 h",
            rows=26_092,
            symbols=12,
            first_us=first,
            last_us=last,
            completeness=1.0,
        ),
    )


def laboratory() -> Laboratory:
    return Laboratory(
        seed=7,
        planted=(
            Planted(what="impact coefficient Y", value=0.9, unit="1"),
            Planted(what="BTC volatility", value=0.50, unit="fraction a year"),
            Planted(what="half-life of the slow drift", value=10.0, unit="days"),
            Planted(what="half-life of the transient", value=18_000.0, unit="s"),
        ),
        expectations=tuple(
            Expectation(pod=pod, planted=planted, expected=expected, observed=observed, came_out=came_out)
            for pod, planted, expected, observed, came_out in (
                ("trend-skilled", "earns the planted slow drifts", "promoted", "T1 → T2", True),
                ("reversal-skilled", "earns the planted transients", "promoted", "T1 → T2", True),
                ("trend-clone", "the same bets as trend-skilled", "pair at most 1.05x of one", "1.05x", True),
                ("btc-levered", "1.5x BTC and nothing else", "zero", "alpha t 0.1, zero", True),
                ("edge-decayed", "edge ended 180 days ago", "floor", "decay gate, floor", True),
                ("noise", "no edge", "not promoted", "floor", True),
                ("trend-hasty", "skilled, but all aggressive", "flagged", "0 % maker, flagged", True),
                ("maker-slow", "p99 74 ms", "fails latency; INSUFFICIENT on data", "latency FAIL, data PASS", None),
            )
        ),
        power=tuple(
            Power(sharpe_annual=sharpe, days=DAYS, trials=24, psr=psr, dsr=dsr, dsr_days_for_80_percent=days)
            for sharpe, psr, dsr, days in ((1.0, 0.41, 0.03, None), (1.5, 0.68, 0.12, 4210), (2.0, 0.88, 0.31, 2304))
        ),
    )


def desk() -> DeskSummary:
    return DeskSummary(
        nav_usd=10_000_000,
        allocated_usd=6_870_000,
        volatility_target_annual=0.10,
        volatility_limit_annual=0.12,
        volatility_ex_ante_annual=0.087,
        es_97_5_1d=0.0112,
        gross_exposure=0.69,
        gross_limit=2.0,
        net_exposure=Unknown(since_us=int(CYCLE.closes_us) - 3 * 3_600_000_000, why="no pod has reported yet"),
        btc_beta_usd=3_100_000,
        btc_beta_bound_usd=5_000_000,
        btc_correlation_before=0.84,
        btc_correlation_after=0.62,
        btc_correlation_cap=0.8,
    )


def daily_report() -> DailyReport:
    return DailyReport(
        cycle=CYCLE.label,
        revision=0,
        issued_us=CYCLE.issued_us,
        data_as_of_us=CYCLE.issued_us,
        snapshot=8812,
        mode=Mode.SIMULATED,
        digest=DIGEST,
        code_digest="sha256:" + "5ad1" * 16,
        policy_version=12,
        needs_you=(
            NeedsYou(
                what="trend-hasty executes 100 % aggressively against its intent: ask its author",
                severity=Severity.RED,
                link="gates/trend-hasty.html",
            ),
            NeedsYou(what="maker-slow refused its document: clock 95 s ahead", due_us=CYCLE.expires_us),
            NeedsYou(what="1 unfinished bar of SIMBUSDT is in quarantine", severity=Severity.INFO, link="#data"),
        ),
        desk=desk(),
        allocations=tuple(allocation(position) for position in range(8)),
        verdicts=tuple(verdict(position) for position in range(8)),
        changed=("5 limits: 3 up, 2 down", "1 policy: 11 to 12", "24 revised bars, 0 decisions changed"),
        desk_series=series(0).model_copy(update={"pod": "desk"}),
        series=tuple(series(position) for position in range(8)),
        shortfall=tuple(shortfall(position) for position in (0, 1, 2, 6)),
        correlation=correlation(),
        capacity=tuple(capacity(position) for position in range(7)),
        impact=ImpactCalibration(y=0.93, low=0.84, high=1.02, orders=28_410, planted=0.9),
        quality=feeds(),
        funding=FundingFacts(
            symbol="BTCUSDT",
            years=tuple(
                FundingYear(year=year, paid_by_long=paid, days=days)
                for year, paid, days in ((2023, 0.0121, 46), (2024, 0.0982, 366), (2025, 0.0871, 319))
            ),
            known_share=1.0,
            band_annual=(-0.05, 0.25),
        ),
        trials=tuple(
            TrialCount(strategy=name, unique=24, elsewhere=10, effective=7.5, sharpe_bar_annual=1.9)
            for name in ("ewmac-trend", "short-term-reversal", "noise")
        ),
        seconds=tuple(
            StepSeconds(step=step, seconds=seconds)
            for step, seconds in (
                ("ingest", 4.1),
                ("validate", 6.3),
                ("pod_returns", 3.2),
                ("attribution", 4.9),
                ("evidence", 2.2),
                ("gates", 0.1),
                ("optimise", 8.4),
                ("sign", 0.2),
                ("reports", 3.9),
            )
        ),
        replay="factory run --cycle 2025-11-16",
        trust=Trust(
            log_size=1204,
            root_hash="sha256:" + "c4d7" * 16,
            checkpoint="alpha-factory\n1204\nxNfXxNfXxNfXxNfXxNfXxNfXxNfXxNfXxNfXxNfXxNc=\n",
            keys=(Key(role="allocation", key_id="ed25519:7d12ab90"), Key(role="log", key_id="ed25519:03c4ff21")),
        ),
        laboratory=laboratory(),
        deliveries=(
            Delivery(
                pod="trend-skilled",
                answer="APPLIED",
                limit_usd=1_575_000,
                applied_us=int(CYCLE.issued_us) + 45_000_000,
                document_digest=DIGEST,
            ),
            Delivery(pod="maker-slow", answer="REFUSED", reason="clock skew 95 s, at most 2 s"),
        ),
    )


def claim(label: str, value: float, spread: float) -> Claim:
    return Claim(label=label, figure=Figure(value=value, low=value - spread, high=value + spread, unit="1"))


def gate_report(position: int = 6) -> GateReport:
    return GateReport(
        cycle=CYCLE.label,
        issued_us=CYCLE.issued_us,
        data_as_of_us=CYCLE.issued_us,
        snapshot=8812,
        mode=Mode.SIMULATED,
        evidence=evidence(position),
        verdict=verdict(position),
        tier=PODS[position][6],
        limit_usd=PODS[position][8],
        binding=PODS[position][10],
        asked_usd=3_000_000,
        approvals=0,
        valid_until_us=CYCLE.expires_us,
        worst_case=WorstCase(
            loss_to_stop_usd=600_000,
            loss_to_stop_nav_share=0.06,
            exit_days=1.6,
            adv_share=0.004,
            named_day="2025-10-10",
            named_day_loss_usd=Unknown(why="no replay of that day yet"),
            stop_probability_annual=0.17,
            no_alpha_probability=0.21,
        ),
        claims=(
            claim("backtest", 3.2, 1.4),
            claim("deflated", 1.1, 1.4),
            claim("live, 74 days", 2.4, 3.6),
            Claim(label="posterior", figure=Figure(value=None, unit="1", note="too short")),
        ),
        trials=TrialCount(strategy=PODS[position][1], unique=24, elsewhere=10, effective=7.5, sharpe_bar_annual=1.9),
        parameters={"fast_hours": 48, "slow_hours": 192},
        maker_intent=(0.5, 0.95),
        planted="skilled, but releases a bar late, crosses the spread with every order and pays three times the impact",
        series=series(position).model_copy(update={"live_from_us": int(CYCLE.closes_us) - 74 * US_PER_DAY}),
        shortfall=shortfall(position),
        capacity=capacity(position),
        regimes=(claim("BTC rising", 3.9, 2.0), claim("BTC falling", 2.6, 2.2), claim("quiet", 1.2, 1.9)),
        costs=(claim("x1", 3.2, 1.4), claim("x2", 1.9, 1.4), claim("x3", 0.4, 1.4)),
        changed=("code none", "parameters none", "data snapshot 8710 to 8812"),
        history=(HistoryEntry(at_us=int(CYCLE.issued_us) - 30 * US_PER_DAY, what="T0 to T1", by="policy 11"),),
        daily_report="../index.html",
    )
