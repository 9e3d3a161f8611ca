import math

import numpy as np
import pytest

from backtest.validation.bootstrap import headline_intervals, resampled_rows
from domain.errors import Refused
from measures.drawdown import max_drawdown, total_return
from measures.sharpe import sharpe_annual
from measures.tail import expected_shortfall
from measures.volatility import volatility_annual


def days(seed: int, n: int = 200) -> np.ndarray:
    return np.random.default_rng(seed).standard_t(4, n) * 0.01 + 0.0005


def test_values_are_those_of_the_house() -> None:
    series = days(1)
    found = headline_intervals(series, seed=1, repetitions=20)
    expected = {
        "total_return": total_return(series),
        "sharpe_annual": sharpe_annual(series),
        "volatility_annual": volatility_annual(series),
        "max_drawdown": max_drawdown(series),
        "es_97_5_1d": expected_shortfall(series),
    }
    for name, value in expected.items():
        assert found[name].value == pytest.approx(value, rel=1e-12), name


def test_alpha_is_the_intercept_of_least_squares() -> None:
    random = np.random.default_rng(2)
    factors = random.normal(0, 0.02, (150, 2))
    series = 0.0004 + factors @ [0.5, -0.2] + random.normal(0, 0.005, 150)
    design = np.column_stack([np.ones(150), factors])
    intercept = np.linalg.lstsq(design, series, rcond=None)[0][0]
    found = headline_intervals(series, factors, seed=1, repetitions=300)["alpha_annual"]
    assert found.value == pytest.approx(intercept * 365, rel=1e-9)
    assert found.low < found.value < found.high


def test_blocks_are_runs_of_the_stated_mean_length_wrapped_around() -> None:
    n, block = 500, 8.0
    rows = np.concatenate(list(resampled_rows(n, block, 300, seed=4)))
    assert rows.shape == (300, n)
    follows = (np.diff(rows, axis=1) % n) == 1
    assert follows.mean() == pytest.approx(1 - 1 / block + 1 / block / n, abs=0.005)
    assert np.bincount(rows.ravel(), minlength=n).min() > 0


def test_chunks_add_up_and_the_seed_decides() -> None:
    assert sum(len(chunk) for chunk in resampled_rows(10, 2.0, 601, seed=1)) == 601
    first, again, other = (headline_intervals(days(3), seed=seed, repetitions=50) for seed in (1, 1, 2))
    assert first == again
    assert first != other


def test_independent_days_give_the_textbook_width_of_a_mean() -> None:
    series = np.random.default_rng(8).normal(0.0, 0.01, 1000)
    found = headline_intervals(series, seed=1, repetitions=2000, block_days=1)["return_annual"]
    half = 1.96 * series.std(ddof=1) / math.sqrt(1000) * 365
    assert (found.high - found.low) / 2 == pytest.approx(half, rel=0.06)


@pytest.mark.parametrize("bad", [np.zeros(100), np.ones(5), np.r_[np.nan, np.ones(50)]])
def test_what_has_no_interval_is_refused(bad: np.ndarray) -> None:
    with pytest.raises(Refused):
        headline_intervals(bad, seed=1)
