import math

import numpy as np
import pytest

from domain.errors import Refused
from measures.deflated import DeflatedSharpe, deflated_sharpe, probabilistic_sharpe
from measures.moments import moments
from measures.sharpe_inference import dsr
from measures.undefined import Undefined

RETURNS = np.random.default_rng(4).normal(0.002, 0.02, 400)


def deflate(trials: list[float], n: int) -> DeflatedSharpe:
    found = deflated_sharpe(RETURNS, trials, n)
    assert isinstance(found, DeflatedSharpe)
    return found


def test_the_lower_form_counts() -> None:
    skewed = np.concatenate([np.full(95, 0.004), np.full(5, -0.03)]) + np.linspace(-1e-3, 1e-3, 100)
    found = probabilistic_sharpe(np.random.default_rng(0).permutation(skewed))
    assert not isinstance(found, Undefined)
    assert found.at_estimate < found.at_null  # negative skew: the variance at the estimate is larger
    assert found.value == found.at_estimate


def test_near_copies_do_not_make_deflation_lenient() -> None:
    copies = deflate([0.100, 0.101, 0.099, 0.100], 4)
    assert copies.variance_trials == pytest.approx(1 / 400)
    spread = deflate([0.1, -0.1, 0.2, 0.0], 4)
    assert spread.variance_trials == pytest.approx(np.var([0.1, -0.1, 0.2, 0.0], ddof=1))
    assert spread.value < copies.value


def test_more_trials_deflate_more_and_unknown_trials_still_count() -> None:
    few, many = deflate([0.1, 0.05, math.nan], 3), deflate([0.1, 0.05, math.nan], 300)
    assert many.threshold > few.threshold
    assert many.value < few.value
    assert few.variance_trials == many.variance_trials


def test_uses_per_period_moments_of_the_series() -> None:
    found = moments(RETURNS)
    assert found is not None
    deflated = deflate([], 20)
    assert deflated.at_estimate == dsr(found.sharpe, 400, found.skew, found.kurtosis, 20, 1 / 400)
    assert deflated.sharpe == found.sharpe


def test_one_trial_is_deflated_by_nothing() -> None:
    alone = deflate([0.1], 1)
    plain = probabilistic_sharpe(RETURNS)
    assert not isinstance(plain, Undefined)
    assert (alone.at_estimate, alone.at_null) == pytest.approx((plain.at_estimate, plain.at_null))


def test_negative_autocorrelation_is_not_credited_and_positive_is_charged() -> None:
    noise = np.random.default_rng(9).normal(0, 0.02, 401)
    bouncing, trending = noise[1:] - 0.5 * noise[:-1] + 0.002, noise[1:] + 0.5 * noise[:-1] + 0.002

    def error(returns: np.ndarray) -> float:
        """Standard errors per square root of T that the form at the null implies for a threshold of zero."""
        from scipy.stats import norm

        found = probabilistic_sharpe(returns)
        assert not isinstance(found, Undefined)
        return float(moments(returns).sharpe / norm.ppf(found.at_null) * math.sqrt(400))

    assert error(bouncing) == pytest.approx(1.0)
    assert error(trending) > 1.3


def test_undefined_says_why() -> None:
    assert deflated_sharpe([0.01] * 50, [], 3) == Undefined("zero variance")
    assert deflated_sharpe([0.01, 0.02], [], 3) == Undefined("2 returns, at least 20 are needed")
    assert isinstance(deflated_sharpe(RETURNS, [], 0), Undefined)
    with pytest.raises(Refused):
        deflated_sharpe([math.nan] * 30, [], 3)
