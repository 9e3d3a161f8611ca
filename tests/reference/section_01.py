"""Section 1: Sharpe inference and multiple trials."""

import math

import numpy as np

from measures.effective_trials import effective_trials
from measures.normal_maximum import normal_maximum
from measures.sharpe import serial_correlation_factor
from measures.sharpe_inference import (
    dsr,
    expected_max_normal,
    expected_max_sharpe,
    min_backtest_years,
    min_backtest_years_bound,
    min_track_record,
    psr,
)
from measures.sharpe_inference_2025 import (
    Sample,
    critical_sharpe,
    dsr_2025,
    level_for_fdr,
    min_track_record_2025,
    observed_fdr,
    power,
    psr_2025,
)
from tests.reference.parameters import asked_for, decimal, percent
from tests.reference.registry import Inputs, Results, case

MONTHS = 12


@case(section=1, inputs={"SR_annual", "periods_per_year", "T", "skew", "kurtosis_raw", "N", "V_trials_annual"})
def deflated(inputs: Inputs) -> Results:
    q = inputs["periods_per_year"]
    variance = inputs["V_trials_annual"] / q
    threshold = expected_max_sharpe(inputs["N"], variance)
    sharpe = inputs["SR_annual"] / math.sqrt(q)
    return {
        "SR0_per_period": threshold,
        "SR0_annual": threshold * math.sqrt(q),
        "DSR": dsr(sharpe, inputs["T"], inputs["skew"], inputs["kurtosis_raw"], inputs["N"], variance),
    }


@case(section=1, inputs={"SR_annual", "periods_per_year", "T", "skew", "kurtosis_raw", "SR_star"})
def probabilistic(inputs: Inputs) -> Results:
    sharpe = inputs["SR_annual"] / math.sqrt(inputs["periods_per_year"])
    return {
        "PSR": psr(sharpe, inputs["SR_star"], inputs["T"], inputs["skew"], inputs["kurtosis_raw"]),
        "PSR_if_gaussian": psr(sharpe, inputs["SR_star"], inputs["T"], 0.0, 3.0),
    }


@case(section=1, inputs={"SR_annual", "SR_star_annual", "q", "skew", "kurtosis_raw", "confidence"})
def track_record(inputs: Inputs) -> Results:
    root = math.sqrt(inputs["q"])
    observations = min_track_record(
        inputs["SR_annual"] / root,
        inputs["SR_star_annual"] / root,
        inputs["skew"],
        inputs["kurtosis_raw"],
        inputs["confidence"],
    )
    return {"years": None if observations is None else observations / inputs["q"]}


@case(section=1, inputs={"N"})
def maximum_of_normals(inputs: Inputs) -> Results:
    exact = [normal_maximum(n) for n in inputs["N"]]
    return {
        "approx": [expected_max_normal(n) for n in inputs["N"]],
        "exact": [mean for mean, _ in exact],
        "sd_of_max": [math.sqrt(variance) for _, variance in exact],
    }


@case(section=1, inputs={"N", "target_SR_annual"})
def backtest_length(inputs: Inputs) -> Results:
    return {
        "years": min_backtest_years(inputs["N"], inputs["target_SR_annual"]),
        "upper_bound_2lnN": min_backtest_years_bound(inputs["N"], inputs["target_SR_annual"]),
    }


def _sample(inputs: Inputs) -> tuple[float, Sample]:
    sample = Sample(inputs["T"], inputs["skew"], inputs["kurtosis_raw"], inputs["rho"])
    return inputs["mean"] / inputs["sd"], sample


@case(section=1, inputs={"mean", "sd", "T", "skew", "kurtosis_raw", "rho"})
def inference_2025(inputs: Inputs, asked: tuple[str, ...]) -> Results:
    """The null is 0, and 0.5 is the alternative of the false discovery rate, as in the authors' example."""
    sharpe, sample = _sample(inputs)
    results: Results = {"sd_SR_at_observed": sample.sd(sharpe)}
    for key, null in asked_for(r"PSR_([0-9p]+)", asked):
        results[key] = psr_2025(sharpe, decimal(null), sample)
    for key, alpha in asked_for(r"MinTRL_alpha([0-9p]+)", asked):
        results[key] = min_track_record_2025(sharpe, 0.0, sample, percent(alpha))
    for key, alpha in asked_for(r"critical_SR_alpha([0-9p]+)", asked):
        results[key] = critical_sharpe(0.0, sample, percent(alpha))
    for key, alpha, alternative in asked_for(r"power_alpha([0-9p]+)_SR1_([0-9p]+)", asked):
        results[key] = power(0.0, decimal(alternative), sample, percent(alpha))
    for key, p_alternative in asked_for(r"oFDR_pH1_([0-9p]+)", asked):
        results[key] = observed_fdr(sharpe, 0.0, 0.5, sample, decimal(p_alternative))
    return results


@case(section=1, inputs={"mean", "sd", "T", "skew", "kurtosis_raw", "rho", "K", "V_trials", "q", "p_H1", "SR1"})
def multiple_trials_2025(inputs: Inputs, asked: tuple[str, ...]) -> Results:
    sharpe, sample = _sample(inputs)
    trials, variance = inputs["K"], inputs["V_trials"]
    results: Results = {
        "E_max_SR": expected_max_sharpe(trials, variance),
        "DSR_with_variance_of_max": dsr_2025(sharpe, sample, trials, variance),
        "DSR_single_variance": dsr_2025(sharpe, sample, trials, variance, variance_of_max=False),
    }
    test = level_for_fdr(inputs["q"], inputs["p_H1"], 0.0, inputs["SR1"], sample)
    if test is not None:
        fields = {"alpha": test.alpha, "beta": test.beta, "critical_SR": test.critical_sharpe}
        results |= {key: fields[field] for key, field in asked_for(r"FDR[0-9p]+_(alpha|beta|critical_SR)", asked)}
    return results


@case(section=1, inputs={"C"})
def effective_number(inputs: Inputs) -> Results:
    found = effective_trials(np.array(inputs["C"], dtype=np.float64))
    return {
        "effective_rank": found.effective_rank,
        "participation_ratio": found.participation_ratio,
        "mean_corr_rule": found.mean_correlation_rule,
    }


@case(section=1, inputs={"rho"}, optional={"q"})
def annualisation(inputs: Inputs) -> Results:
    q = inputs.get("q", MONTHS)
    return {"eta": [serial_correlation_factor(q, [rho**k for k in range(1, q)]) for rho in inputs["rho"]]}
