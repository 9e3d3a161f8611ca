import math
from itertools import pairwise

import numpy as np
import pytest
from purgedcv import deflated_sharpe_ratio, min_track_record_length
from scipy import stats

from measures.moments import moments
from measures.normal_maximum import normal_maximum
from measures.sharpe_inference import (
    dsr,
    expected_max_normal,
    expected_max_sharpe,
    min_backtest_years,
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
    planned_fdr,
    power,
    psr_2025,
)

SKEWED = Sample(n=60, skew=-1.5, kurtosis=7.0, rho=0.2)


def test_psr_by_hand_and_undefined_where_the_variance_is_not_positive() -> None:
    # skew 0, kurtosis 3: variance term 1 + SR^2 / 2
    assert psr(0.2, 0.1, 101, 0.0, 3.0) == pytest.approx(stats.norm.cdf(0.1 * 10 / math.sqrt(1.02)))
    assert psr(2.0, 0.0, 100, 3.0, 1.0) is None
    assert psr(0.2, 0.0, 1, 0.0, 3.0) is None


def test_track_record_is_where_psr_reaches_the_confidence() -> None:
    needed = min_track_record(0.15, 0.05, -0.5, 5.0, 0.9)
    assert needed is not None
    assert psr(0.15, 0.05, math.ceil(needed), -0.5, 5.0) >= 0.9
    assert psr(0.15, 0.05, math.ceil(needed) - 1, -0.5, 5.0) < 0.9
    assert min_track_record(0.05, 0.05, 0.0, 3.0) == math.inf


def test_against_purgedcv() -> None:
    # purgedcv takes the Sharpe ratio with ddof 0 and rounds the record up.
    theirs = min_track_record_length(observed_sharpe=0.1, target_sharpe=0.02, alpha=0.05, skew=-1.0, kurtosis=6.0)
    assert math.ceil(min_track_record(0.1, 0.02, -1.0, 6.0) or 0.0) == theirs
    returns = np.random.default_rng(8).normal(0.001, 0.01, 5000)
    found = moments(returns)
    assert found is not None
    ours = dsr(found.sharpe, found.n, found.skew, found.kurtosis, 50, 4e-4)
    assert ours == pytest.approx(deflated_sharpe_ratio(returns, n_trials=50, var_sharpe=4e-4), abs=2e-4)


def test_the_bracket_is_near_the_true_maximum_and_zero_for_one_trial() -> None:
    assert expected_max_normal(1) == 0.0
    assert expected_max_sharpe(1, 0.3) == 0.0
    for trials, low, high in ((2, 0.91, 0.93), (10, 1.02, 1.024), (100, 1.008, 1.01)):
        assert low < expected_max_normal(trials) / normal_maximum(trials)[0] < high


def test_a_backtest_of_minimum_length_shows_the_target_by_luck() -> None:
    years = min_backtest_years(45, 1.0)
    assert expected_max_sharpe(45, 1.0 / years) == pytest.approx(1.0)  # the variance of an annual Sharpe ratio is 1 / years


@pytest.mark.parametrize("k", [2, 3])
def test_maximum_of_two_and_three_normals_in_closed_form(k: int) -> None:
    mean, variance = normal_maximum(k)
    expected = {
        2: (1 / math.sqrt(math.pi), 1 - 1 / math.pi),
        3: (1.5 / math.sqrt(math.pi), 1 + math.sqrt(3) / (2 * math.pi) - 2.25 / math.pi),
    }
    assert mean == pytest.approx(expected[k][0], abs=1e-12)
    assert variance == pytest.approx(expected[k][1], abs=1e-12)


def test_maximum_of_one_is_the_normal_itself() -> None:
    assert normal_maximum(1) == pytest.approx((0.0, 1.0), abs=1e-12)


def test_sampling_variance_with_autocorrelation_by_hand() -> None:
    # rho 0.2: a = 1.5, b = 1 + 0.25 + 0.04/0.96, c = 1.04/0.96
    expected = (1.5 + (1.25 + 0.04 / 0.96) * 1.5 * 0.3 + 1.04 / 0.96 * 1.5 * 0.09) / 60
    assert SKEWED.variance(0.3) == pytest.approx(expected)
    assert Sample(60, 5.0, 3.0).variance(0.3) is None
    assert Sample(60, 0.0, 3.0, rho=1.0).variance(0.0) is None
    assert psr_2025(0.3, 0.3, Sample(60, 5.0, 3.0)) is None


def test_the_critical_value_has_the_stated_level_and_power() -> None:
    critical = critical_sharpe(0.1, SKEWED, 0.05)
    assert critical is not None
    assert psr_2025(critical, 0.1, SKEWED) == pytest.approx(0.95)
    assert power(0.1, 0.5, SKEWED, 0.05) == pytest.approx(1 - psr_2025(critical, 0.5, SKEWED))
    assert power(0.1, 0.1, SKEWED, 0.05) == pytest.approx(0.05)


def test_track_record_2025_makes_the_estimate_just_significant() -> None:
    needed = min_track_record_2025(0.3, 0.05, SKEWED, alpha=0.05)
    assert needed is not None
    same = Sample(n=1, skew=SKEWED.skew, kurtosis=SKEWED.kurtosis, rho=SKEWED.rho)
    sd = math.sqrt(same.variance(0.05) / needed)
    assert stats.norm.cdf((0.3 - 0.05) / sd) == pytest.approx(0.95)
    assert min_track_record_2025(0.05, 0.05, SKEWED) == math.inf


def test_false_discovery_rates() -> None:
    # Of 1,000: 100 with an edge, 80 found; 900 without, 45 found.
    assert planned_fdr(alpha=0.05, beta=0.2, p_alternative=0.1) == pytest.approx(45 / 125)
    test = level_for_fdr(0.25, 0.1, 0.0, 0.5, SKEWED)
    assert test is not None
    assert planned_fdr(test.alpha, test.beta, 0.1) == pytest.approx(0.25)
    assert critical_sharpe(0.0, SKEWED, test.alpha) == pytest.approx(test.critical_sharpe)
    assert level_for_fdr(0.95, 0.1, 0.0, 0.5, SKEWED) is None  # 90 % are worthless: nothing can be that bad


def test_observed_rate_falls_with_the_estimate() -> None:
    rates = [observed_fdr(sharpe, 0.0, 0.5, SKEWED, 0.1) for sharpe in (0.0, 0.2, 0.4, 0.6)]
    assert all(later < earlier for earlier, later in pairwise(rates))


def test_deflation_in_the_2025_form() -> None:
    sample = Sample(n=500, skew=0.0, kurtosis=3.0)
    threshold = expected_max_sharpe(10, 0.002)
    assert dsr_2025(threshold, sample, 10, 0.002) == pytest.approx(0.5)
    above = threshold + 0.05
    single = dsr_2025(above, sample, 10, 0.002, variance_of_max=False)
    of_max = dsr_2025(above, sample, 10, 0.002)
    assert stats.norm.ppf(of_max) / stats.norm.ppf(single) == pytest.approx(1 / math.sqrt(0.344344), rel=1e-5)
    assert dsr_2025(0.1, sample, 1, 0.002) == pytest.approx(psr_2025(0.1, 0.0, sample))
