"""The committed policy, and evidence that passes all of it unless a test says otherwise."""

from pathlib import Path
from typing import Any

import yaml

from domain.evidence import Evidence, Figure, GateResult, Outcome, Verdict
from domain.tiers import Ladder, Tier
from promotion_gates.policy import Policy

ROOT = Path(__file__).resolve().parents[3]
TIER = Tier(name="T1", cap_usd=1_000_000, approvals=1, loss_budget_usd=200_000)
LADDER = Ladder(
    tiers=(
        Tier(name="T0", cap_usd=50_000, approvals=0, loss_budget_usd=10_000),
        TIER,
        Tier(name="T2", cap_usd=3_000_000, approvals=2, loss_budget_usd=600_000),
    )
)
DAYS = 730


def policy_data() -> dict[str, Any]:
    data: dict[str, Any] = yaml.safe_load((ROOT / "config" / "policy.yaml").read_text(encoding="utf-8"))
    return data


def policy() -> Policy:
    return Policy.parse(policy_data(), "policy.yaml")


def figure(value: float | None, unit: str = "1", **more: Any) -> Figure:
    return Figure(value=value, unit=unit, **({"n": DAYS} | more))


GOOD = {
    "data_completeness": figure(0.999, "fraction"),
    "data_red_findings": figure(0.0, "count"),
    "bar_interval_s": figure(3600.0, "s"),
    "funding_known_share": figure(1.0, "fraction"),
    "latency_p99_us": figure(900_000.0, "us", low=800_000.0, high=950_000.0),
    "max_drawdown": figure(0.1, "fraction"),
    "volatility_annual": figure(0.15, "fraction"),
    "es_97_5_1d": figure(0.02, "fraction"),
    "beta_btc": figure(-0.1),
    "r_squared": figure(0.05, "fraction"),
    "turnover_annual": figure(50.0, "x capital"),
    "capacity_usd": figure(5_000_000.0, "USD"),
    "alpha_t": figure(5.0),
    "decay_z": figure(-0.5),
    "maker_share_shortfall": figure(0.0, "fraction"),
    "shortfall_bps": figure(5.0, "bp"),
    "psr": figure(0.999, "probability"),
    "dsr": figure(0.99, "probability"),
    "pbo": figure(0.05, "probability"),
    "trials": figure(20.0, "count"),
    "skew": figure(0.0),
    "kurtosis": figure(3.0),
    "dsr_benchmark_annual": figure(1.3),
}


def evidence(figures: dict[str, Figure | None] | None = None, **changes: Any) -> Evidence:
    """Passing evidence with some figures replaced (None takes one away) and some fields changed."""
    merged = {name: value for name, value in (GOOD | (figures or {})).items() if value is not None}
    values: dict[str, Any] = {
        "pod": "p",
        "strategy": "trend-ewmac",
        "version": 1,
        "authors": ("A.N.",),
        "description": "A trend follower.",
        "style": "trend",
        "package": "sha256:0",
        "market": "linear",
        "venue": "sim",
        "simulated": True,
        "live": True,
        "selected": True,
        "days": DAYS,
        "first_day": "2023-01-01",
        "last_day": "2024-12-30",
        "figures": merged,
    }
    return Evidence(**(values | changes))


def outcomes(verdict: Verdict) -> dict[str, Outcome]:
    return {result.gate: result.outcome for result in verdict.gates}


def result(verdict: Verdict, gate: str) -> GateResult:
    return next(line for line in verdict.gates if line.gate == gate)
