import math

import numpy as np
import pytest
from arch.bootstrap import SPA, StepM

from backtest.validation.superior import superior
from domain.errors import Refused


def noise(seed: int, days: int = 300, strategies: int = 8) -> np.ndarray:
    return np.random.default_rng(seed).normal(0.0, 0.01, (days, strategies))


def test_agrees_with_the_two_tests_run_apart() -> None:
    returns = noise(3)
    returns[:, 2] += 0.0025
    found = superior(returns, seed=9, repetitions=500, block_days=4)
    apart = SPA(np.zeros(300), -returns, block_size=4, reps=500, seed=9)
    apart.compute()
    step = StepM(np.zeros(300), -returns, block_size=4, reps=500, seed=9)
    step.compute()
    assert [found.lower, found.consistent, found.upper] == apart.pvalues.tolist()
    assert list(found.superior) == step.superior_models == [2]
    assert found.outcome == "pass"


def test_scale_of_a_column_matters_only_without_matched_volatility() -> None:
    returns = noise(4)
    scaled = returns * np.r_[[50.0], np.ones(7)]
    options = {"seed": 1, "repetitions": 400, "block_days": 3}
    assert superior(returns, **options).upper != superior(scaled, **options).upper
    assert (
        superior(returns, matched_volatility=True, **options).upper == superior(scaled, matched_volatility=True, **options).upper
    )


def test_where_nobody_beats_zero_the_gate_fails_whatever_the_p_value() -> None:
    returns = -np.abs(noise(5)) - 0.001
    found = superior(returns, seed=1, repetitions=100, block_days=1)
    assert not found.somebody
    assert found.outcome == "fail"


def test_the_guard_band_is_two_monte_carlo_errors() -> None:
    found = superior(noise(6), seed=1, repetitions=1000, block_days=1)
    assert found.guard == pytest.approx(2 * math.sqrt(0.05 * 0.95 / 1000))
    for p, outcome in ((0.0, "pass"), (0.05, "undecided"), (0.07, "fail")):
        assert type(found)(**{**found.__dict__, "max_t": 1.0, "consistent": p}).outcome == outcome


def test_constant_columns_are_left_out_and_columns_keep_their_numbers() -> None:
    returns = noise(7)
    returns[:, 0] = 0.0
    returns[:, 5] += 0.004
    found = superior(returns, seed=1, repetitions=300)
    assert (found.n_strategies, found.n_dropped) == (7, 1)
    assert 5 in found.superior
    assert found.block_days >= 1


@pytest.mark.parametrize("bad", [np.zeros((100, 3)), np.full((100, 3), np.nan), np.ones((5, 3)), np.ones(40)])
def test_what_cannot_be_tested_is_refused(bad: np.ndarray) -> None:
    with pytest.raises(Refused):
        superior(bad, seed=1)
