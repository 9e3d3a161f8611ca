"""The gate report: one candidate before one decision."""

from typing import Any

from domain.evidence import Outcome
from reporting import charts
from reporting.amounts import amount, percent, short_digest, usd_short, utc
from reporting.gate_data import GateReport, WorstCase
from reporting.page import drawn, render
from reporting.scorecard import count
from reporting.tiles import Tile, tile


def render_gate(report: GateReport) -> str:
    """The whole page as one self-contained HTML document; a pure function of `report`."""
    return render(
        "gate.html",
        report=report,
        simulated=report.mode.value == "SIMULATED",
        headline=headline(report),
        open_gates=[gate for gate in report.verdict.gates if gate.outcome is not Outcome.PASS],
        worst=worst_case_tiles(report.worst_case) if report.worst_case else [],
        signature=signature(report),
        maker_text=_maker_text(report),
        plots=_plots(report),
    )


def headline(report: GateReport) -> str:
    """`9 PASS, 0 FAIL, 2 INSUFFICIENT`."""
    counted = count(report.verdict)
    return f"{counted.passed} PASS, {counted.failed} FAIL, {counted.insufficient} INSUFFICIENT"


def worst_case_tiles(worst: WorstCase) -> list[Tile]:
    """Losses are positive numbers under labels that say loss."""
    day = f"Loss on a replay of {worst.named_day}" if worst.named_day else "Loss on the named day"
    return [
        *tile("Loss to the hard stop", worst.loss_to_stop_usd, "USD"),
        *tile("Loss to the hard stop, of NAV", worst.loss_to_stop_nav_share, "fraction"),
        *tile(day, worst.named_day_loss_usd, "USD"),
        *tile("Exit in stressed volume", worst.exit_days, "days"),
        *tile("Largest position, of ADV", worst.adv_share, "fraction"),
        *tile("P(stop fires in a year | claim true)", worst.stop_probability_annual, "fraction"),
        *tile("P(alpha ≤ 0 | all evidence)", worst.no_alpha_probability, "fraction"),
    ]


def signature(report: GateReport) -> str:
    """The sentence that is signed; it names only what is known, and never says that a strategy is approved."""
    evidence, verdict = report.evidence, report.verdict
    parts = [
        f"pod {report.verdict.pod}",
        f"artefact {short_digest(evidence.package)}",
        f"venue {evidence.venue}, {evidence.market}",
    ]
    if report.asked_usd is not None:
        parts.append(f"maximum gross {usd_short(report.asked_usd)} USD")
    worst = report.worst_case
    if worst is not None and isinstance(worst.loss_to_stop_usd, float):
        parts.append(f"maximum loss {usd_short(worst.loss_to_stop_usd)} USD to the hard stop")
    if worst is not None and isinstance(worst.exit_days, float):
        parts.append(f"exit within {amount(worst.exit_days, 'days')}")
    if report.valid_until_us is not None:
        parts.append(f"until {utc(report.valid_until_us)}")
    parts.append(f"on evidence {short_digest(verdict.evidence_digest)} under policy {verdict.policy_version}")
    for outcome in (Outcome.FAIL, Outcome.INSUFFICIENT):
        names = [gate.gate for gate in verdict.gates if gate.outcome is outcome]
        if names:
            parts.append(f"knowing that {', '.join(names)} {'is' if len(names) == 1 else 'are'} {outcome.value}")
    return ", ".join(parts)


def _maker_text(report: GateReport) -> str:
    if report.maker_intent is None:
        return ""
    low, high = report.maker_intent
    return f"{percent(low)} to {percent(high)} of filled notional as maker"


def _plots(report: GateReport) -> dict[str, Any]:
    plots: dict[str, Any] = {}
    if report.series is not None:
        plots["equity"] = drawn(charts.equity_and_underwater(report.series))
        if report.series.parts:
            plots["parts"] = drawn(charts.alpha_and_beta_by_month(report.series))
    if report.shortfall is not None:
        plots["shortfall"] = drawn(charts.shortfall_waterfall(report.shortfall))
    if report.capacity is not None:
        plots["capacity"] = drawn(charts.capacity_curves([report.capacity]))
    for name, claims in (("claims", report.claims), ("regimes", report.regimes), ("costs", report.costs)):
        if claims:
            plots[name] = drawn(charts.intervals([(claim.label, claim.figure) for claim in claims], "Sharpe ratio, net, a year"))
    return plots
