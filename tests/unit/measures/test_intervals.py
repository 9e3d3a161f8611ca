import math

import pytest
from scipy import stats

from measures.intervals import mean_interval, sharpe_interval, wilson_interval


@pytest.mark.parametrize(("successes", "n"), [(0, 10), (3, 10), (10, 10), (70, 200)])
def test_wilson_agrees_with_scipy(successes: int, n: int) -> None:
    expected = stats.binomtest(successes, n).proportion_ci(0.95, method="wilson")
    assert wilson_interval(successes / n, n) == pytest.approx((expected.low, expected.high), abs=1e-12)


def test_wilson_solves_its_quadratic() -> None:
    # Each end p satisfies |share - p| = z sqrt(p (1 - p) / n), also for a fractional n.
    for end in wilson_interval(0.3, 17.5):
        assert abs(0.3 - end) == pytest.approx(stats.norm.ppf(0.975) * math.sqrt(end * (1 - end) / 17.5))


def test_mean_interval_agrees_with_scipy() -> None:
    values = [1.0, 2.0, 4.0, 7.0]
    expected = stats.ttest_1samp(values, 0).confidence_interval(0.95)
    assert mean_interval(values) == pytest.approx((expected.low, expected.high))
    assert mean_interval([1.0]) is None


def test_sharpe_interval_by_hand() -> None:
    assert sharpe_interval(0.2, 101, 0.0, 3.0) == pytest.approx((0.2 - 1.959964 * 0.100995, 0.2 + 1.959964 * 0.100995), abs=1e-6)
    assert sharpe_interval(2.0, 100, 3.0, 1.0) is None
