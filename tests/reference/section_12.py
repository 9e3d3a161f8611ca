"""Section 12: drawdown diagnostics."""

from measures.drawdown_theory import (
    expected_max_drawdown,
    max_drawdown_exceeds,
    q_negative,
    q_positive,
    stationary_drawdown_exceeds,
    triple_penance,
)
from measures.edge_or_execution import edge_or_execution
from tests.reference.parameters import asked_for, decimal
from tests.reference.registry import Inputs, Results, case


@case(12, set(), optional={"QP_x", "QN_x"})
def expected_maximum_functions(inputs: Inputs) -> Results:
    return {
        "QP": [q_positive(x) for x in inputs.get("QP_x", [])],
        "QN": [q_negative(x) for x in inputs.get("QN_x", [])],
    }


@case(12, {"SR", "vol", "T"}, optional={"h"})
def deepest_drawdown(inputs: Inputs, asked: tuple[str, ...]) -> Results:
    """Drift is SR x volatility, of log equity; without expected keys at hand, one tail for each depth."""
    mu, sigma, time = inputs["SR"] * inputs["vol"], inputs["vol"], inputs["T"]
    depths = inputs.get("h", [])
    depths = depths if isinstance(depths, list) else [depths]
    named = {f"P_MDD_gt_{depth:g}": depth for depth in depths}
    named |= {key: decimal(depth) for key, depth in asked_for(r"P_MDD_gt_([0-9.p]+)", asked)}
    tails = {key: max_drawdown_exceeds(mu, sigma, time, depth) for key, depth in named.items()}
    return {"E_MDD": expected_max_drawdown(mu, sigma, time), **tails}


@case(12, {"SR", "vol_on_allocated_capital", "T"}, optional={"h"})
def stop_ladder(inputs: Inputs, asked: tuple[str, ...]) -> Results:
    sigma = inputs["vol_on_allocated_capital"]
    steps = asked_for(r"P_([0-9.p]+)pct", asked)
    return {key: max_drawdown_exceeds(inputs["SR"] * sigma, sigma, inputs["T"], decimal(pct) / 100) for key, pct in steps}


@case(12, {"mu", "sigma", "confidence"})
def penance(inputs: Inputs) -> Results:
    found = triple_penance(inputs["mu"], inputs["sigma"], inputs["confidence"])
    if found is None:
        return {}
    return {
        "MaxDD": found.max_drawdown,
        "t_star": found.at,
        "MaxTuW": found.under_water,
        "TuW_over_t": found.under_water / found.at,
    }


@case(12, {"mu", "sigma", "d"})
def stationary_tail(inputs: Inputs) -> Results:
    return {"P": stationary_drawdown_exceeds(inputs["mu"], inputs["sigma"], inputs["d"])}


@case(12, {"mu_sigma_d"})
def stationary_tails(inputs: Inputs) -> Results:
    return {"P": [stationary_drawdown_exceeds(*row) for row in inputs["mu_sigma_d"]]}


@case(12, {"n", "edge_expected", "edge_sd", "paper_live", "cost_expected", "cost_sd", "cost_live"})
def cause_of_gap(inputs: Inputs) -> Results:
    found = edge_or_execution(
        inputs["n"],
        edge_expected=inputs["edge_expected"],
        edge_sd=inputs["edge_sd"],
        edge_live=inputs["paper_live"],
        cost_expected=inputs["cost_expected"],
        cost_sd=inputs["cost_sd"],
        cost_live=inputs["cost_live"],
    )
    if found is None:
        return {}
    return {"z_edge": found.z_edge, "z_execution": found.z_execution, "gap": found.gap, "verdict": found.cause.value}
