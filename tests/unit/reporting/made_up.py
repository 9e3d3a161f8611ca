"""A made-up desk of eight pods: gates, verdicts and series. Nothing in it was computed by the line."""

import math

import numpy as np

from domain.evidence import Evidence, Figure, GateResult, Outcome, Verdict
from domain.times import US_PER_DAY, Cycle
from reporting.values import PodSeries

CYCLE = Cycle.parse("2025-11-16")
DAYS = 730
DIGEST = "sha256:" + "9f3c51d0a7be4c22" * 4

PODS = (
    # pod, package, style, annual alpha, beta to BTC, volatility of the residual, tier, state, limit, previous, binding
    ("trend-skilled", "ewmac-trend", "trend", 1.10, 0.10, 0.17, "T2", "ACTIVE", 1_575_000, 1_000_000, "risk budget of cluster 1"),
    (
        "reversal-skilled",
        "short-term-reversal",
        "reversal",
        0.95,
        0.02,
        0.14,
        "T2",
        "ACTIVE",
        3_000_000,
        1_000_000,
        "cap of tier T2",
    ),
    ("trend-clone", "ewmac-trend", "trend", 1.08, 0.10, 0.17, "T2", "ACTIVE", 1_575_000, 1_000_000, "risk budget of cluster 1"),
    ("btc-levered", "btc-levered", "beta", 0.00, 1.50, 0.04, "T0", "RETIRED", 0, 50_000, "retired: no alpha beyond BTC"),
    (
        "edge-decayed",
        "stated-edge",
        "cross_sectional",
        0.30,
        0.05,
        0.15,
        "T0",
        "ACTIVE",
        50_000,
        400_000,
        "learning capital: decay gate",
    ),
    ("noise", "noise", "noise", -0.10, 0.00, 0.15, "T0", "ACTIVE", 50_000, 50_000, "learning capital: PSR gate"),
    (
        "trend-hasty",
        "ewmac-trend",
        "trend",
        0.55,
        0.11,
        0.17,
        "T1",
        "REDUCING",
        620_000,
        1_000_000,
        "capacity: cost is a third of alpha",
    ),
    ("maker-slow", "stated-maker", "market_making", 0.40, 0.00, 0.09, "T0", "RETIRED", 0, None, "retired: latency"),
)

GATES = (
    # gate, group, comparison, threshold, unit, consequence, observed value by pod
    ("data completeness", "data", ">=", 0.99, "fraction", "hold", (0.9991,) * 8),
    ("red findings", "data", "<=", 0.0, "count", "hold", (0.0,) * 8),
    (
        "decision latency p99",
        "latency",
        "<=",
        2_000_000.0,
        "us",
        "retire",
        (390e3, 85e3, 400e3, 380e3, 410e3, 390e3, 395e3, 74e3),
    ),
    ("drawdown", "risk", "<=", 0.20, "fraction", "hold", (0.061, 0.044, 0.063, 0.612, 0.148, 0.231, 0.092, 0.050)),
    ("beta to BTC", "risk", "<=", 0.50, "1", "hold", (0.10, 0.02, 0.10, 1.50, 0.05, 0.00, 0.11, 0.00)),
    ("turnover", "risk", "<=", 400.0, "x capital", "hold", (96.0, 310.0, 97.0, 2.0, 120.0, 200.0, 96.0, 900.0)),
    ("capacity", "risk", ">=", 3_000_000.0, "USD", "hold", (9.1e6, 4.2e6, 8.8e6, 80e6, 5e6, 6e6, 0.62e6, 1e6)),
    ("PSR", "significance", ">=", 0.95, "probability", "hold", (0.99999, 0.9998, 0.99999, 0.97, 0.93, 0.31, 0.989, 0.999)),
    ("DSR", "significance", ">=", 0.95, "probability", "hold", (0.991, 0.987, 0.99, None, 0.41, 0.02, 0.71, 0.96)),
    ("PBO", "significance", "<=", 0.20, "probability", "hold", (0.03, 0.05, 0.03, None, 0.31, 0.55, 0.08, None)),
    ("alpha t", "attribution", ">=", 2.0, "1", "retire", (8.4, 7.9, 8.2, 0.1, 2.4, -0.6, 3.9, 4.1)),
    ("shortfall", "execution", "<=", 8.0, "bp of decision notional", "hold", (2.9, 3.4, 3.1, 1.0, 5.0, 3.0, 19.7, 1.2)),
    ("maker share in intent", "execution", ">=", 0.50, "fraction", "hold", (0.86, 0.84, 0.81, 0.70, None, 0.78, 0.0, 0.95)),
)


NEEDS = {
    "capacity": "a limit of at most 620k USD, or a third of the cost",
    "DSR": "a Sharpe ratio of 3.9 at 34 trials, or 212 more days",
    "shortfall": "11.7 bp less: release one bar earlier and rest in the book",
    "maker share in intent": "at least half of the notional filled as maker",
}


def outcome_of(comparison: str, observed: float | None, threshold: float) -> Outcome:
    if observed is None:
        return Outcome.INSUFFICIENT
    good = observed >= threshold if comparison == ">=" else observed <= threshold
    return Outcome.PASS if good else Outcome.FAIL


def gate_results(position: int) -> tuple[GateResult, ...]:
    results = []
    for gate, group, comparison, stated, unit, consequence, observations in GATES:
        observed = observations[position]
        threshold = 50_000.0 if gate.startswith("decision latency") and PODS[position][2] == "market_making" else stated
        outcome = outcome_of(comparison, observed, threshold)
        margin = None if observed is None else (observed - threshold if comparison == ">=" else threshold - observed)
        interval = (
            (None, None)
            if observed is None or unit not in ("1", "us", "bp of decision notional")
            else (observed - abs(observed) * 0.2, observed + abs(observed) * 0.2)
        )
        needs = {
            Outcome.PASS: "",
            Outcome.FAIL: NEEDS.get(gate, f"{gate} {comparison} {threshold:g} {unit}"),
            Outcome.INSUFFICIENT: "a selected configuration, or 41 more days",
        }[outcome]
        results.append(
            GateResult(
                gate=gate,
                group=group,
                outcome=outcome,
                observed=observed,
                low=interval[0],
                high=interval[1],
                threshold=threshold,
                comparison=comparison,
                unit=unit,
                margin=margin,
                needs=needs,
                consequence=consequence,
            )
        )
    return tuple(results)


def verdict(position: int) -> Verdict:
    gates = gate_results(position)
    outcomes = {gate.outcome for gate in gates}
    outcome = (
        Outcome.FAIL if Outcome.FAIL in outcomes else Outcome.INSUFFICIENT if Outcome.INSUFFICIENT in outcomes else Outcome.PASS
    )
    return Verdict(
        pod=PODS[position][0],
        tier="T2" if PODS[position][6] != "T0" else "T1",
        outcome=outcome,
        retire=PODS[position][7] == "RETIRED",
        reasons=(),
        gates=gates,
        policy_version=12,
        policy_digest="sha256:" + "12" * 32,
        evidence_digest="sha256:" + f"{position:02d}7b1e" * 10 + "0000",
    )


def figures(position: int) -> dict[str, Figure]:
    results = {gate.gate: gate for gate in gate_results(position)}
    alpha = PODS[position][3]
    sharpe = alpha / PODS[position][5]
    share = results["maker share in intent"].observed
    found = {
        "alpha_t": Figure(value=results["alpha t"].observed, unit="1", n=DAYS),
        "sharpe_annual": Figure(value=sharpe, low=sharpe - 1.4, high=sharpe + 1.4, unit="1", n=DAYS),
        "max_drawdown": Figure(value=results["drawdown"].observed, unit="fraction", n=DAYS),
        "psr": Figure(value=results["PSR"].observed, unit="probability"),
        "dsr": Figure(
            value=results["DSR"].observed, unit="probability", note="" if results["DSR"].observed else "one configuration only"
        ),
        "turnover_annual": Figure(value=results["turnover"].observed, unit="x capital"),
        "latency_p99_us": Figure(value=results["decision latency p99"].observed, high=430e3, unit="us", n=4000),
    }
    if share is not None:
        found["maker_share"] = Figure(value=share, unit="fraction", n=9120)
    return found


def series(position: int, days: int = DAYS) -> PodSeries:
    pod, _, _, alpha, beta, residual, *_ = PODS[position]
    draw = np.random.default_rng(7)
    btc = 0.0015 + 0.026 * draw.standard_normal(days)
    eth = 0.8 * btc + 0.02 * draw.standard_normal(days)
    own = np.random.default_rng(100 + (0 if position == 2 else position))
    daily_alpha = alpha / 365 + residual / math.sqrt(365) * own.standard_normal(days)
    parts = {"alpha": daily_alpha, "BTC beta": beta * btc, "ETH beta": 0.2 * beta * eth}
    net = sum(parts.values())
    equity = np.cumprod(1 + net)
    peak = np.maximum.accumulate(np.maximum(equity, 1.0))
    return PodSeries(
        pod=pod,
        day_us=tuple(int(CYCLE.closes_us) - (days - day) * US_PER_DAY for day in range(days)),
        cumulative_return=tuple(float(value) - 1 for value in equity),
        drawdown=tuple(float(value) for value in 1 - equity / peak),
        parts={name: tuple(float(value) for value in values) for name, values in parts.items()},
    )


def evidence(position: int) -> Evidence:
    pod, package, style, *_ = PODS[position]
    return Evidence(
        pod=pod,
        strategy=package,
        version=3,
        authors=("A. Nemo", "B. Nobody"),
        description="Trend over eight speeds of moving averages, sized by the central volatility forecast.",
        style=style,
        package="sha256:" + "ab12" * 16,
        market="linear",
        venue="sim",
        simulated=True,
        live=True,
        selected=True,
        days=DAYS,
        first_day="2023-11-17",
        last_day="2025-11-15",
        figures=figures(position),
    )
