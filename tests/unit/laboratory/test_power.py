import math

import numpy as np
import pytest

from laboratory.power import critical_sharpe, pass_probability, power_table
from measures.sharpe_inference import dsr, psr

YEAR = math.sqrt(365)


def table(**changes: object) -> dict[float, object]:
    arguments = {"days": 730, "trials": 20, "psr_threshold": 0.95, "dsr_threshold": 0.95, **changes}
    return {row.sharpe_annual: row for row in power_table(**arguments)}


@pytest.mark.parametrize(("benchmark", "days", "threshold"), [(0.0, 730, 0.95), (0.06, 730, 0.95), (0.02, 200, 0.99)])
def test_the_critical_sharpe_is_where_psr_meets_its_threshold(benchmark: float, days: int, threshold: float) -> None:
    assert psr(critical_sharpe(benchmark, days, threshold), benchmark, days, 0.0, 3.0) == pytest.approx(threshold, abs=1e-10)


def test_two_days_prove_nothing() -> None:
    assert critical_sharpe(0.0, 2, 0.95) == math.inf
    assert pass_probability(1.0, 0.0, 2, 0.95) == 0.0


def test_power_against_simulated_records() -> None:
    days, trials, sharpe = 730, 10, 2.0
    generator = np.random.Generator(np.random.PCG64(5))
    returns = generator.standard_normal((20_000, days)) + sharpe / YEAR
    observed = returns.mean(axis=1) / returns.std(axis=1, ddof=1)
    by_psr = np.mean([psr(value, 0.0, days, 0.0, 3.0) >= 0.95 for value in observed])
    by_dsr = np.mean([dsr(value, days, 0.0, 3.0, trials, 1.0 / days) >= 0.95 for value in observed])
    row = table(trials=trials)[sharpe]
    assert row.psr == pytest.approx(by_psr, abs=0.012)
    assert row.dsr == pytest.approx(by_dsr, abs=0.012)


def test_two_years_cannot_show_a_real_edge_after_many_trials() -> None:
    rows = table(trials=100)
    assert [rows[sharpe].dsr < 0.5 for sharpe in (1.0, 1.5, 2.0)] == [True, True, True]
    assert rows[1.0].psr < rows[1.5].psr < rows[2.0].psr
    assert all(row.dsr < row.psr for row in rows.values())


def test_a_single_trial_is_not_deflated() -> None:
    row = table(trials=1)[1.5]
    assert row.dsr == row.psr
    assert row.dsr_needed_sharpe_annual == row.psr_needed_sharpe_annual


def test_a_trial_without_skill_passes_as_often_as_the_gate_says() -> None:
    row = table(sharpes_annual=(0.0,))[0.0]
    assert row.psr == pytest.approx(0.05, abs=1e-3)
    assert row.dsr < 0.001


def test_days_needed_are_the_first_that_suffice() -> None:
    row = table(trials=20)[2.0]
    assert row.dsr_days_for_80_percent is not None
    enough = table(trials=20, days=row.dsr_days_for_80_percent)[2.0]
    fewer = table(trials=20, days=row.dsr_days_for_80_percent - 1)[2.0]
    assert fewer.dsr < 0.8 <= enough.dsr


def test_an_edge_below_what_the_trials_show_by_luck_never_passes() -> None:
    assert table(trial_sharpe_sd_annual=2.0)[1.0].dsr_days_for_80_percent is None
