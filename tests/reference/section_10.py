"""Section 10: capital allocation."""

import numpy as np

from allocation.hierarchical import hierarchical_weights, inverse_variance_weights, quasi_diagonal_order
from allocation.mean_variance import turnover_penalised_weights
from allocation.optimise import Infeasible, minimum_variance_weights, risk_budget_weights
from measures.growth import exposure_above_floor, kelly_ever_falls_to, kelly_growth_share, no_trade_band
from measures.stop_ladder import stop_ladder
from tests.reference.parameters import asked_for
from tests.reference.registry import Inputs, Results, case


@case(10, {"vol", "C"})
def equal_risk_contribution(inputs: Inputs) -> Results:
    volatility = np.array(inputs["vol"])
    covariance = np.outer(volatility, volatility) * np.array(inputs["C"])
    answer = risk_budget_weights(covariance, np.ones(len(volatility)))
    if isinstance(answer, Infeasible):
        return {}
    risk = np.sqrt(answer.weights @ covariance @ answer.weights)
    return {"erc": answer.weights, "erc_vol": risk, "min_variance": minimum_variance_weights(covariance)}


@case(10, {"c", "x"})
def fractional_kelly(inputs: Inputs, asked: tuple[str, ...]) -> Results:
    """The chance of a fall is defined where wealth grows at all: for fractions below 2."""
    levels = inputs["x"] if isinstance(inputs["x"], list) else [inputs["x"]]
    falls = [[kelly_ever_falls_to(c, level) for c in inputs["c"] if c < 2] for level in levels]
    names = [key for key, _ in asked_for(r"prob_ever_fall_to_(\w+)", asked)]
    return {
        "growth_fraction_of_full": [kelly_growth_share(c) for c in inputs["c"]],
        **dict(zip(names, falls, strict=False)),
    }


@case(10, {"mu", "sigma", "alpha", "W", "M"})
def floored_exposure(inputs: Inputs) -> Results:
    def share(wealth: float) -> float:
        return exposure_above_floor(inputs["mu"], inputs["sigma"], inputs["alpha"], wealth, inputs["M"])

    wealth = inputs["W"]
    return {"risky_fraction_of_wealth": [share(one) for one in wealth] if isinstance(wealth, list) else share(wealth)}


@case(10, {"mu", "gamma", "sigma2", "cost", "w0"})
def proportional_cost(inputs: Inputs) -> Results:
    """The nearest edge of the band."""
    low, high = no_trade_band(inputs["mu"], inputs["gamma"], inputs["sigma2"], inputs["cost"])
    return {"low": low, "high": high, "w": np.clip(inputs["w0"], low, high)}


@case(10, {"cov", "corr"})
def hierarchical_risk_parity(inputs: Inputs) -> Results:
    """Weights in per cent."""
    covariance, correlation = np.array(inputs["cov"]), np.array(inputs["corr"])
    return {
        "hrp_paper_code": 100 * hierarchical_weights(covariance, correlation),
        "hrp_condensed_distance": 100 * hierarchical_weights(covariance, correlation, rows_as_features=False),
        "order": quasi_diagonal_order(correlation),
        "ivp": 100 * inverse_variance_weights(covariance),
    }


@case(10, {"mu", "cov", "gamma", "w0", "cost"})
def turnover_penalised(inputs: Inputs) -> Results:
    mean, covariance, held = (np.array(inputs[name]) for name in ("mu", "cov", "w0"))
    answers = [turnover_penalised_weights(mean, covariance, inputs["gamma"], held, cost) for cost in inputs["cost"]]
    return {} if any(isinstance(answer, Infeasible) for answer in answers) else {"w": answers}


@case(10, {"capital", "unscaled_pnl", "halve_at", "zero_at", "rearm"})
def stops(inputs: Inputs) -> Results:
    """Nothing re-arms by itself: a case that asks for it has no answer."""
    if inputs["rearm"]:
        return {}
    path = stop_ladder(inputs["unscaled_pnl"], inputs["capital"], inputs["halve_at"], inputs["zero_at"])
    return {"equity_dd_scale": np.column_stack([path.equity, path.drawdown, path.scale])}
