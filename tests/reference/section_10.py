"""Section 10: capital allocation."""

import numpy as np

from allocation.optimise import Infeasible, minimum_variance_weights, risk_budget_weights
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
