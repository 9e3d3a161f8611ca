import numpy as np
import pytest

from laboratory.processes import autoregressive, decaying_sum, heavy_tailed, trailing_mean


def generator() -> np.random.Generator:
    return np.random.Generator(np.random.PCG64(1))


def test_autoregressive_has_unit_variance_and_halves_at_its_half_life() -> None:
    values = autoregressive(generator().standard_normal((4_000, 200)), half_life=6.0)
    assert values.std() == pytest.approx(1.0, abs=0.01)
    assert values[0].std() == pytest.approx(1.0, abs=0.15)  # stationary from the first row on
    assert np.mean(values[6:] * values[:-6]) == pytest.approx(0.5, abs=0.01)
    assert np.mean(values[12:] * values[:-12]) == pytest.approx(0.25, abs=0.01)


def test_autoregressive_against_a_loop() -> None:
    shocks = generator().standard_normal((50, 2))
    decay = 0.5 ** (1 / 6)
    expected = [shocks[0]]
    for row in shocks[1:]:
        expected.append(decay * expected[-1] + (1 - decay**2) ** 0.5 * row)
    np.testing.assert_allclose(autoregressive(shocks, 6.0), expected, rtol=1e-12)


def test_heavy_tailed_has_unit_variance_and_the_kurtosis_of_student_t() -> None:
    values = heavy_tailed(generator(), (1_000_000, 1), 10.0)
    assert values.std() == pytest.approx(1.0, abs=0.01)
    assert np.mean(values**4) == pytest.approx(3.0 + 6.0 / (10.0 - 4.0), abs=0.15)


def test_decaying_sum_against_a_loop() -> None:
    values = generator().standard_normal((50, 2))
    expected = [values[0]]
    for row in values[1:]:
        expected.append(expected[-1] * 0.5 ** (1 / 8) + row)
    np.testing.assert_allclose(decaying_sum(values, 8.0), expected, rtol=1e-12)


def test_trailing_mean_sees_only_what_came_before() -> None:
    values = np.arange(1.0, 7.0)[:, None]
    np.testing.assert_allclose(trailing_mean(values, 3)[:, 0], [1.0, 1.0, 1.5, 2.0, 3.0, 4.0])
