"""Section 6: impact and capacity."""

import numpy as np

from allocation.impact import almgren_cost, average_cost, fit_orders, largest_order, peak_impact
from tests.reference.registry import Inputs, Results, case

BP = 1e4


@case(6, {"X_over_V", "theta_over_V", "daily_vol", "T_days", "gamma", "eta", "alpha", "beta", "delta"})
def almgren(inputs: Inputs) -> Results:
    fitted = {name: inputs[name] for name in ("gamma", "eta", "alpha", "beta", "delta")}
    costs = [
        almgren_cost(inputs["X_over_V"], inputs["theta_over_V"], inputs["daily_vol"], days, **fitted) for days in inputs["T_days"]
    ]
    return {
        "permanent_bp": costs[0].permanent * BP,
        "temporary_bp": [cost.temporary * BP for cost in costs],
        "realised_bp": [cost.realised * BP for cost in costs],
    }


@case(6, {"Y", "daily_vol", "Q_over_V"})
def square_root_law(inputs: Inputs) -> Results:
    sizes = np.array(inputs["Q_over_V"])
    return {
        "peak_bp": peak_impact(inputs["Y"], inputs["daily_vol"], sizes) * BP,
        "average_cost_bp": average_cost(inputs["Y"], inputs["daily_vol"], sizes) * BP,
    }


@case(6, {"Y", "daily_vol", "V", "budget_bp", "delta"})
def capacity_at_budget(inputs: Inputs) -> Results:
    volatility, volume, budget, delta = inputs["daily_vol"], inputs["V"], inputs["budget_bp"] / BP, inputs["delta"]
    return {
        "Qmax_peak": largest_order(inputs["Y"], volatility, volume, budget, delta),
        "Qmax_average_cost": largest_order(inputs["Y"] / (1 + delta), volatility, volume, budget, delta),
    }


@case(6, {"Q_over_V", "daily_vol", "impact"})
def calibration(inputs: Inputs) -> Results:
    fit = fit_orders(np.array(inputs["Q_over_V"]), np.array(inputs["impact"]), inputs["daily_vol"])
    return {
        "delta_loglog": fit.exponent,
        "Y_loglog": fit.coefficient_free_exponent,
        "Y_fixed_half_geometric": fit.coefficient_geometric,
        "Y_fixed_half_least_squares": fit.coefficient_least_squares,
    }
