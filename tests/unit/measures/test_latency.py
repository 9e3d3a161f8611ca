import numpy as np
import pytest
from scipy.stats import binom

from domain.errors import Refused
from measures.latency import corrected_for_omission, percentile, percentile_with_interval, quantile_ranks, samples_needed


def test_a_stall_is_filled_with_the_samples_it_swallowed() -> None:
    corrected = np.sort(corrected_for_omission([5.0, 100.0, 5.0, 45.0], 20.0))
    # 100: 80, 60, 40, 20; 45: 25
    assert corrected.tolist() == [5.0, 5.0, 20.0, 25.0, 40.0, 45.0, 60.0, 80.0, 100.0]


def test_event_driven_samples_are_left_alone() -> None:
    assert corrected_for_omission([5.0, 100.0], 0.0).tolist() == [5.0, 100.0]


def test_nearest_rank_percentile_is_a_sample() -> None:
    samples = np.arange(1, 1101, dtype=float)
    assert percentile(samples, 0.99) == 1089.0  # 0.99 x 1100 is whole, whatever floating point says
    assert percentile(samples, 0.0) == 1.0
    assert percentile(samples, 1.0) == 1100.0
    assert percentile([7.0], 0.99) == 7.0


@pytest.mark.parametrize(("n", "p"), [(10_000, 0.999), (5_000, 0.99), (400, 0.5), (37, 0.9)])
def test_ranks_cover_the_quantile(n: int, p: float) -> None:
    low, high = quantile_ranks(n, p)
    coverage = binom.cdf(high - 1, n, p) - binom.cdf(low - 1, n, p)  # the quantile lies between ranks low and high
    assert coverage >= 0.95
    assert binom.cdf(low - 1, n, p) < 0.025 <= binom.cdf(low, n, p)
    assert 1 - binom.cdf(high - 1, n, p) <= 0.025 < 1 - binom.cdf(high - 2, n, p)


def test_too_few_samples_have_no_upper_bound() -> None:
    needed = samples_needed(0.99)
    assert 0.99**needed <= 0.025 < 0.99 ** (needed - 1)
    few = percentile_with_interval(np.arange(needed - 1, dtype=float), 0.99)
    assert few.high_us is None
    assert few.value_us > 0
    enough = percentile_with_interval(np.arange(needed, dtype=float), 0.99)
    assert enough.high_us == needed - 1


def test_upper_bound_covers_the_true_percentile_as_often_as_stated() -> None:
    generator = np.random.default_rng(12)
    true = -np.log(0.01)
    above = [percentile_with_interval(generator.exponential(size=2_000), 0.99).high_us > true for _ in range(400)]
    assert np.mean(above) >= 0.96


@pytest.mark.parametrize("samples", [[], [-1.0], [float("nan")]])
def test_impossible_latencies_are_refused(samples: list[float]) -> None:
    with pytest.raises(Refused):
        percentile(samples, 0.5)
