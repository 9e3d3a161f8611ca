import math

import numpy as np
import pytest

from domain.errors import Refused
from measures.drawdown_theory import (
    drawdown_p_value,
    expected_max_drawdown,
    max_drawdown_exceeds,
    q_negative,
    q_positive,
    seen_by_marks,
    stationary_drawdown_exceeds,
    triple_penance,
)


@pytest.mark.parametrize(("sigma", "time", "depth"), [(1.0, 1.0, 0.5), (0.2, 3.0, 0.4), (0.5, 0.25, 0.9)])
def test_without_drift_the_tail_is_that_of_a_reflected_path(sigma: float, time: float, depth: float) -> None:
    k = np.arange(400)
    modes = (-1.0) ** k / (2 * k + 1) * np.exp(-((2 * k + 1) ** 2) * math.pi**2 * sigma**2 * time / (8 * depth**2))
    stays_inside = 4 / math.pi * modes.sum()
    assert max_drawdown_exceeds(0.0, sigma, time, depth) == pytest.approx(1 - stays_inside, abs=1e-9)


@pytest.mark.parametrize(("mu", "sigma", "depth"), [(0.3, 0.5, 0.6), (-0.4, 0.5, 0.6), (0.2, 0.2, 0.1)])
def test_the_mean_first_passage_has_its_closed_form(mu: float, sigma: float, depth: float) -> None:
    a = mu / sigma**2
    mean = sigma**2 / (2 * mu**2) * (math.exp(2 * a * depth) - 1 - 2 * a * depth)
    times = np.linspace(0, 25 * mean, 4001)[1:]
    stays = [1 - max_drawdown_exceeds(mu, sigma, float(time), depth) for time in times]
    assert np.trapezoid([1.0, *stays], [0.0, *times]) == pytest.approx(mean, rel=1e-3)


def test_depths_have_the_scale_of_the_square_root_of_time() -> None:
    assert max_drawdown_exceeds(0.1, 0.1, 1.0, 0.07) == pytest.approx(max_drawdown_exceeds(0.05, 0.1, 4.0, 0.14), abs=1e-9)
    assert expected_max_drawdown(0.05, 0.1, 4.0) == pytest.approx(2 * expected_max_drawdown(0.1, 0.1, 1.0), rel=1e-6)


def test_the_three_drifts_meet_at_zero() -> None:
    flat = math.sqrt(math.pi / 2) * 0.2
    for drift in (1e-4, 0.0, -1e-4):
        assert expected_max_drawdown(drift, 0.2, 1.0) == pytest.approx(flat, rel=1e-3)


def test_asymptotes_of_both_functions() -> None:
    assert q_positive(5_000.0) == pytest.approx(0.25 * math.log(5_000.0) + 0.49088, rel=1e-4)
    assert q_negative(11.9) == pytest.approx(12.4, rel=1e-5)
    assert q_negative(500.0) == 500.5


def test_a_steady_loss_is_normal_about_itself() -> None:
    just_inside, beyond = (max_drawdown_exceeds(-1.0, 1.0, time, time + 1.0) for time in (39.9, 40.1))
    assert just_inside == pytest.approx(0.5, abs=0.01)
    assert beyond == pytest.approx(0.5, abs=1e-12)


def test_no_depth_is_surely_exceeded_and_nothing_leaves_the_unit_interval() -> None:
    assert max_drawdown_exceeds(0.1, 0.1, 1.0, 0.0) == 1.0
    for depth in (1e-6, 0.01, 0.5, 3.0):
        assert 0.0 <= max_drawdown_exceeds(0.1, 0.1, 1.0, depth) <= 1.0


@pytest.mark.parametrize(("sigma", "time"), [(0.0, 1.0), (-0.1, 1.0), (0.1, 0.0), (math.nan, 1.0)])
def test_no_volatility_or_time_is_refused(sigma: float, time: float) -> None:
    with pytest.raises(Refused, match="positive volatility"):
        max_drawdown_exceeds(0.1, sigma, time, 0.1)


def test_daily_marks_see_less_and_make_the_same_depth_rarer() -> None:
    step = 1 / 365
    shift = 2 * 0.5826 * 0.1 * math.sqrt(step)
    assert seen_by_marks(0.1, 0.1, step) == pytest.approx(0.1 - shift)
    assert seen_by_marks(1e-9, 0.1, step) == 0.0
    assert drawdown_p_value(0.1 - shift, 0.1, 0.1, 1.0, step) == pytest.approx(
        max_drawdown_exceeds(0.1, 0.1, 1.0, 0.1), abs=1e-12
    )


def test_p_value_agrees_with_simulated_daily_marks() -> None:
    rng = np.random.default_rng(5)
    steps = 365
    paths = np.cumsum(rng.normal(0.1 / steps, 0.1 / math.sqrt(steps), (4000, steps)), axis=1)
    paths = np.hstack([np.zeros((4000, 1)), paths])
    depths = (np.maximum.accumulate(paths, axis=1) - paths).max(axis=1)
    for depth in (0.06, 0.09, 0.13):
        seen = float((depths > depth).mean())
        error = math.sqrt(seen * (1 - seen) / 4000)
        assert abs(seen - drawdown_p_value(depth, 0.1, 0.1, 1.0, 1 / steps)) < 4 * error


def test_stationary_tail_and_penance() -> None:
    assert stationary_drawdown_exceeds(0.1, 0.2, 0.2) == pytest.approx(math.exp(-1))
    assert stationary_drawdown_exceeds(-0.1, 0.2, 0.2) == 1.0
    found = triple_penance(0.2, 0.1, 0.5)
    assert found is not None
    assert (found.max_drawdown, found.at, found.under_water) == pytest.approx((0.0, 0.0, 0.0))
    found = triple_penance(0.2, 0.1, 0.9772498680518208)  # z = 2
    assert found is not None
    assert (found.max_drawdown, found.at, found.under_water) == pytest.approx((0.05, 0.25, 1.0))
    assert triple_penance(0.0, 0.1, 0.95) is None
