"""Section 10: capital allocation."""

import numpy as np

from allocation.optimise import Infeasible, minimum_variance_weights, risk_budget_weights
from measures.growth import exposure_above_floor, kelly_ever_falls_to, kelly_growth_share, no_trade_band
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
