"""Section 8: regression with HAC errors, attribution, sequential decisions."""

import math

import numpy as np

from attribution.beta_split import split_pnl
from measures.cusum import alarm_level, average_run_length, two_sided_run_length
from measures.evalues import betting_wealth, confidence_sequence_half_width, e_bh, mixture_e_value, mixture_e_value_one_sided
from measures.intervals import normal_quantile
from measures.lags import llsw_lags, newey_west_lags, quarter_power_lags
from measures.regression import Regression, regress
from measures.repeated_looks import crossing_probability, obrien_fleming_constant, pocock_constant
from measures.sprt import sprt
from measures.undefined import Undefined
from tests.reference.parameters import asked_for, percent
from tests.reference.registry import Inputs, Results, case


@case(section=8, inputs={"y", "x", "L"})
def newey_west(inputs: Inputs) -> Results:
    y = np.array(inputs["y"], dtype=np.float64)
    x = np.column_stack([np.ones(y.size), np.array(inputs["x"], dtype=np.float64)])
    return {f"L{lags}": _regression(regress(y, x, lags)) for lags in inputs["L"]}


def _regression(fit: Regression | Undefined) -> Results:
    if isinstance(fit, Undefined):
        return {}
    return {
        "coef": fit.coefficient,
        "se": fit.se_hac,
        "t": fit.coefficient / fit.se_hac,
        "se_small_sample": fit.se_hac_small_sample,
    }


@case(section=8, inputs={"T"})
def lag_rules(inputs: Inputs) -> Results:
    return {
        str(T): {"NW94": newey_west_lags(T), "quarter_power": quarter_power_lags(T), "LLSW_1p3_sqrtT": llsw_lags(T)}
        for T in inputs["T"]
    }


@case(section=8, inputs={"beta_prev", "factor", "pod"})
def lagged_beta(inputs: Inputs) -> Results:
    beta, factor = (np.array(inputs[name], dtype=np.float64)[:, None] for name in ("beta_prev", "factor"))
    split = split_pnl(np.array(inputs["pod"], dtype=np.float64), beta, factor)
    return {
        "beta_pnl": split.beta_pnl[:, 0],
        "alpha_pnl": split.alpha_pnl,
        "sum_beta": split.beta_pnl.sum(),
        "sum_alpha": split.alpha_pnl.sum(),
    }


@case(section=8, inputs={"K", "equal_spacing"})
def peeking(inputs: Inputs) -> Results:
    """At 5 %, two-sided, at every look."""
    return {"prob": [crossing_probability([normal_quantile(0.95)] * looks) for looks in inputs["K"]]}


@case(section=8, inputs={"K"}, optional={"alpha"})
def group_sequential(inputs: Inputs) -> Results:
    alpha = inputs.get("alpha", 0.05)
    return {"pocock": pocock_constant(inputs["K"], alpha), "obrien_fleming": obrien_fleming_constant(inputs["K"], alpha)}


@case(section=8, inputs={"k", "h", "shift"})
def cusum_run_lengths(inputs: Inputs) -> Results:
    k, h, shift = inputs["k"], inputs["h"], inputs["shift"]
    return {
        "ARL0_one_sided": average_run_length(k, h),
        "ARL0_two_sided": two_sided_run_length(k, h),
        "ARL1_one_sided": average_run_length(k, h, shift),
        "ARL1_two_sided": two_sided_run_length(k, h, shift),
    }


@case(section=8, inputs={"k", "ARL0_days_one_sided", "shift_sd_per_day"})
def cusum_design(inputs: Inputs) -> Results:
    h = alarm_level(inputs["k"], inputs["ARL0_days_one_sided"])
    return {"h": h, "mean_delay_days": average_run_length(inputs["k"], h, inputs["shift_sd_per_day"])}


@case(section=8, inputs={"alpha", "beta", "SR1_annual", "periods"})
def wald(inputs: Inputs) -> Results:
    found = sprt(inputs["alpha"], inputs["beta"], inputs["SR1_annual"] / math.sqrt(inputs["periods"]))
    return {
        "log_upper": found.log_upper,
        "log_lower": found.log_lower,
        "EN_H1": found.expected_n_alternative,
        "EN_H0": found.expected_n_null,
        "fixed_sample_n": found.fixed_n,
    }


@case(section=8, inputs={"n", "S", "sigma", "tau"})
def mixture(inputs: Inputs, asked: tuple[str, ...]) -> Results:
    n, total, sigma, tau = inputs["n"], inputs["S"], inputs["sigma"], inputs["tau"]
    results: Results = {
        "E_two_sided": mixture_e_value(total, n, sigma, tau),
        "E_one_sided": mixture_e_value_one_sided(total, n, sigma, tau),
        "z_fixed": total / (sigma * math.sqrt(n)),
    }
    for key, level in asked_for(r"cs_half_width_([0-9p]+)", asked):
        results[key] = confidence_sequence_half_width(n, sigma, tau, 1.0 - percent(level))
    for key, level in asked_for(r"fixed_half_width_([0-9p]+)", asked):
        results[key] = normal_quantile(percent(level)) * sigma / math.sqrt(n)
    return results


@case(section=8, inputs={"e", "alpha"})
def discoveries(inputs: Inputs) -> Results:
    return {"rejected": e_bh(inputs["e"], inputs["alpha"])}


@case(section=8, inputs={"x", "lam"})
def betting(inputs: Inputs) -> Results:
    return {"wealth_path": betting_wealth(inputs["x"], inputs["lam"])}
