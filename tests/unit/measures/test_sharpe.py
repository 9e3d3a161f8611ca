import math

import numpy as np
import pytest
from scipy import stats

from domain.errors import Refused
from measures.moments import moments
from measures.sharpe import serial_correlation_factor, sharpe, sharpe_annual

FOUR = [0.01, 0.03, -0.01, 0.01]  # mean 0.01, squared deviations 0, 4e-4, 4e-4, 0


def test_moments_by_hand() -> None:
    found = moments(FOUR)
    assert found is not None
    assert found.n == 4
    assert found.mean == pytest.approx(0.01)
    assert found.sd == pytest.approx(math.sqrt(8e-4 / 3))
    assert found.skew == pytest.approx(0.0, abs=1e-12)
    assert found.kurtosis == pytest.approx(2.0)  # (2 x 1.6e-7 / 4) / (2e-4)^2


def test_moments_agree_with_scipy_on_skewed_returns() -> None:
    returns = np.random.default_rng(3).gamma(2.0, 0.01, 200) - 0.02
    found = moments(returns)
    assert found is not None
    assert found.skew == pytest.approx(stats.skew(returns))
    assert found.kurtosis == pytest.approx(stats.kurtosis(returns, fisher=False))


def test_sharpe_is_mean_over_sample_deviation_and_annualises_by_root_365() -> None:
    per_day = 0.01 / math.sqrt(8e-4 / 3)
    assert sharpe(FOUR) == pytest.approx(per_day)
    assert sharpe_annual(FOUR) == pytest.approx(per_day * math.sqrt(365))
    assert sharpe_annual(FOUR, periods_per_year=252) == pytest.approx(per_day * math.sqrt(252))


@pytest.mark.parametrize("returns", [[], [0.01], [0.1, 0.1, 0.1], [0.0, 0.0]])
def test_no_variance_is_undefined(returns: list[float]) -> None:
    assert sharpe(returns) is None
    assert sharpe_annual(returns) is None
    assert moments(returns) is None


@pytest.mark.parametrize("returns", [[0.01, math.nan], [math.inf, 0.0], [[0.1, 0.2]]])
def test_missing_or_misshapen_returns_are_refused(returns: list[float]) -> None:
    with pytest.raises(Refused, match="expected"):
        sharpe(returns)


def test_serial_correlation_factor_by_the_variance_of_a_sum() -> None:
    # Two periods: Var = 2 (1 + rho) sd^2, so the ratio over both is 2 / sqrt(2 (1 + rho)) times that of one.
    assert serial_correlation_factor(2, [0.25]) == pytest.approx(2 / math.sqrt(2.5))
    assert serial_correlation_factor(2, [-1.0]) is None
