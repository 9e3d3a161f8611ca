import numpy as np
import pytest

from measures.cusum import alarm_level, average_run_length, two_sided_run_length


def simulated_run_length(k: float, h: float, shift: float, paths: int = 4_000) -> float:
    generator = np.random.default_rng(3)
    level, length, alive = np.zeros(paths), np.zeros(paths), np.ones(paths, dtype=bool)
    while alive.any():
        level = np.maximum(0.0, level + generator.normal(shift, 1.0, paths) - k)
        length[alive] += 1
        alive &= level < h
    return float(length.mean())


@pytest.mark.parametrize(("k", "h", "shift"), [(0.5, 3.0, 0.0), (0.25, 4.0, 1.0), (0.5, 2.0, -0.2)])
def test_agrees_with_simulation(k: float, h: float, shift: float) -> None:
    assert average_run_length(k, h, shift) == pytest.approx(simulated_run_length(k, h, shift), rel=0.06)


def test_published_values() -> None:
    """Montgomery, Introduction to Statistical Quality Control: k = 1/2, h = 5, two-sided: 465 undisturbed, 10.4 at one sigma."""
    assert two_sided_run_length(0.5, 5.0) == pytest.approx(465, abs=1)
    assert two_sided_run_length(0.5, 5.0, 1.0) == pytest.approx(10.4, abs=0.05)


def test_alarm_level_inverts_the_run_length() -> None:
    assert average_run_length(0.1, alarm_level(0.1, 500.0)) == pytest.approx(500.0, rel=1e-6)
