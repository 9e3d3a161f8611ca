import math
from dataclasses import replace

import numpy as np
import pytest
import statsmodels.api as sm

from attribution.alpha_beta import Attribution, attribute
from domain.errors import Refused
from measures.undefined import Undefined

NAMES = ("btc", "eth")


def market(days: int, seed: int = 31) -> np.ndarray:
    generator = np.random.default_rng(seed)
    btc = generator.normal(0.001, 0.03, days)
    return np.column_stack([btc, 0.9 * btc + generator.normal(0, 0.02, days)])


def defined(pod: np.ndarray, benchmark: np.ndarray) -> Attribution:
    found = attribute(pod, benchmark, NAMES)
    assert isinstance(found, Attribution)
    return found


def test_agrees_with_statsmodels() -> None:
    benchmark = market(500)
    pod = benchmark @ np.array([0.5, 0.2]) + np.random.default_rng(1).normal(0.001, 0.01, 500)
    found = defined(pod, benchmark)
    x = sm.add_constant(np.column_stack([benchmark[1:], benchmark[:-1]]))
    plain = sm.OLS(pod[1:], x).fit()
    robust = sm.OLS(pod[1:], x).fit(cov_type="HAC", cov_kwds={"maxlags": found.hac_lags, "use_correction": True})
    assert found.days == 499
    assert found.alpha_t_ols == pytest.approx(plain.tvalues[0])
    assert found.alpha_t_hac == pytest.approx(robust.tvalues[0])
    assert found.alpha_t == pytest.approx(plain.params[0] / max(plain.bse[0], robust.bse[0]))
    assert found.alpha_annual == pytest.approx(365 * plain.params[0])
    assert found.beta == pytest.approx(plain.params[1:3] + plain.params[3:5])
    assert found.r_squared == pytest.approx(plain.rsquared)
    assert found.idio_volatility_annual == pytest.approx(math.sqrt(365 * plain.mse_resid))
    assert found.appraisal_ratio_annual == pytest.approx(found.alpha_annual / found.idio_volatility_annual)
    sum_of_btc = plain.t_test([0, 1, 0, 1, 0]).conf_int(0.05)[0]
    assert (found.beta_low[0], found.beta_high[0]) == pytest.approx(tuple(sum_of_btc))
    half = max(plain.bse[0], robust.bse[0]) * float(sm.stats.stattools.stats.t.ppf(0.975, 494))
    assert found.alpha_annual_high - found.alpha_annual == pytest.approx(365 * half)


def test_levered_holder_has_beta_and_no_alpha() -> None:
    benchmark = market(700)
    found = defined(2.0 * benchmark[:, 0] - 0.0003, benchmark)
    assert found.beta == pytest.approx([2.0, 0.0], abs=1e-9)
    assert found.r_squared == pytest.approx(1.0)
    assert math.isnan(found.alpha_t)  # an exact fit has no error to divide by
    assert math.isnan(found.appraisal_ratio_annual)


def test_marks_taken_late_do_not_hide_beta() -> None:
    benchmark = market(600)
    late = np.concatenate([[0.0], benchmark[:-1, 0]])
    pod = 0.6 * benchmark[:, 0] + 0.4 * late + np.random.default_rng(2).normal(0, 0.002, 600)
    assert defined(pod, benchmark).beta[0] == pytest.approx(1.0, abs=0.03)


def test_beta_and_alpha_pnl_add_to_every_day() -> None:
    benchmark = market(400)
    benchmark[0] = np.nan
    benchmark[77, 1] = np.nan
    pod = np.random.default_rng(3).normal(0.001, 0.01, 400)
    found = defined(pod, benchmark)
    np.testing.assert_allclose(found.split.beta_pnl.sum(axis=1) + found.split.alpha_pnl, pod, rtol=0, atol=1e-17)
    assert found.days == 400 - 2 - 2  # each missing day takes the next with it


def test_a_faded_edge_is_seen_in_decay_and_recent_alpha() -> None:
    benchmark = market(730)
    edge = np.where(np.arange(730) < 500, 0.004, 0.0)
    faded = defined(edge + np.random.default_rng(4).normal(0, 0.01, 730), benchmark)
    lasting = defined(0.004 + np.random.default_rng(4).normal(0, 0.01, 730), benchmark)
    assert faded.alpha_t > 3
    assert isinstance(faded.decay_z, float)
    assert faded.decay_z < -2.5
    assert isinstance(faded.recent_alpha_t, float)
    assert faded.recent_alpha_t < 2
    assert isinstance(lasting.decay_z, float)
    assert abs(lasting.decay_z) < 2


def test_decay_is_the_t_statistic_of_a_dummy_for_the_last_days() -> None:
    benchmark = market(400)
    pod = benchmark[:, 0] + np.random.default_rng(6).normal(0.001, 0.01, 400)
    found = defined(pod, benchmark)
    last_180 = np.r_[np.zeros(219), np.ones(180)]
    x = np.column_stack([np.ones(399), benchmark[1:], benchmark[:-1], last_180])
    plain = sm.OLS(pod[1:], x).fit()
    robust = sm.OLS(pod[1:], x).fit(cov_type="HAC", cov_kwds={"maxlags": found.hac_lags, "use_correction": True})
    assert found.decay_z == pytest.approx(plain.params[-1] / max(plain.bse[-1], robust.bse[-1]))


def test_short_records_say_what_they_lack() -> None:
    benchmark = market(150)
    pod = np.random.default_rng(5).normal(0, 0.01, 150)
    found = defined(pod, benchmark)
    assert found.recent_alpha_t == Undefined("149 complete days, 180 are needed")
    assert found.decay_z == Undefined("149 complete days, 240 are needed")
    assert attribute(pod[:40], benchmark[:40], NAMES) == Undefined("39 complete days, at least 60 are needed")


def test_undefined_and_refused() -> None:
    benchmark = market(100)
    pod = np.random.default_rng(5).normal(0, 0.01, 100)
    assert attribute(np.zeros(100), benchmark, NAMES) == Undefined("zero variance")
    twins = np.column_stack([benchmark[:, 0], benchmark[:, 0]])
    assert attribute(pod, twins, NAMES) == Undefined("collinear or constant regressors")
    pod[3] = np.nan
    with pytest.raises(Refused, match="missing"):
        attribute(pod, benchmark, NAMES)
    with pytest.raises(Refused, match="benchmarks"):
        attribute(np.zeros(100), benchmark[:, :1], NAMES)


def test_error_rate_of_the_alpha_gate_on_noise() -> None:
    """|t| > 1.96 on returns without alpha happens about one time in twenty, autocorrelated or not."""
    rejected = 0
    for seed in range(200):
        generator = np.random.default_rng(1000 + seed)
        noise = generator.normal(0, 0.01, 401)
        pod = noise[1:] + 0.3 * noise[:-1] + market(400, seed)[:, 0]
        rejected += abs(defined(pod, market(400, seed)).alpha_t) > 1.96
    assert rejected <= 22


def test_result_is_a_value() -> None:
    found = defined(np.random.default_rng(5).normal(0, 0.01, 100), market(100))
    assert replace(found, days=1).days == 1
