import numpy as np
import pytest

from attribution.beta_split import rolling_beta_before, split_pnl
from domain.errors import Refused


def made_up(days: int = 200) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(21)
    factor = generator.normal(0, 0.03, (days, 2))
    return factor @ np.array([0.8, -0.3]) + generator.normal(0.001, 0.01, days), factor


def test_parts_add_to_the_return() -> None:
    pod, factor = made_up()
    split = split_pnl(pod, rolling_beta_before(pod, factor), factor)
    np.testing.assert_allclose(split.beta_pnl.sum(axis=1) + split.alpha_pnl, pod, rtol=0, atol=1e-17)


def test_a_missing_benchmark_explains_nothing_that_day() -> None:
    split = split_pnl(np.array([0.02, 0.03]), np.array([[0.5, 1.0], [0.5, 1.0]]), np.array([[0.02, np.nan], [0.02, 0.01]]))
    np.testing.assert_allclose(split.beta_pnl, [[0.01, 0.0], [0.01, 0.01]])
    np.testing.assert_allclose(split.alpha_pnl, [0.01, 0.01])


def test_shapes_must_agree() -> None:
    with pytest.raises(Refused, match="betas"):
        split_pnl(np.zeros(3), np.zeros((3, 1)), np.zeros((3, 2)))


def test_rolling_beta_is_ols_on_the_days_before() -> None:
    pod, factor = made_up()
    beta = rolling_beta_before(pod, factor, window_days=50, min_days=20)
    for day in (20, 35, 50, 120, 199):
        days = slice(max(0, day - 50), day)
        design = np.column_stack([np.ones(len(pod[days])), factor[days]])
        expected = np.linalg.lstsq(design, pod[days], rcond=None)[0][1:]
        np.testing.assert_allclose(beta[day], expected, rtol=1e-8)
    assert (beta[:20] == 0).all()


def test_beta_does_not_know_its_own_day() -> None:
    pod, factor = made_up()
    whole = rolling_beta_before(pod, factor)
    changed = pod.copy()
    changed[100:] += 0.5
    np.testing.assert_array_equal(rolling_beta_before(changed, factor)[:101], whole[:101])


def test_days_without_a_benchmark_leave_the_window() -> None:
    pod, factor = made_up()
    holed = factor.copy()
    holed[40:60, 1] = np.nan
    kept = np.r_[10:40, 60:100]
    design = np.column_stack([np.ones(kept.size), factor[kept]])
    expected = np.linalg.lstsq(design, pod[kept], rcond=None)[0][1:]
    np.testing.assert_allclose(rolling_beta_before(pod, holed)[100], expected, rtol=1e-8)


def test_collinear_benchmarks_share_the_beta() -> None:
    pod, factor = made_up()
    twins = np.column_stack([factor[:, 0], factor[:, 0]])
    beta = rolling_beta_before(pod, twins)[150]
    alone = rolling_beta_before(pod, factor[:, :1])[150]
    np.testing.assert_allclose(beta, [alone[0] / 2] * 2, rtol=1e-6)
