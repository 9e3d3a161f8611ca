"""Noise against the gates: what passes, beside what may; and what a planted edge needs. `make soak` counts in full."""

import math

import numpy as np
import pytest

from backtest.cscv import cscv
from tests.model.noise_families import LEVEL, PBO_MAX, Size, family, plateau, power, power_table, shares

SAMPLE = Size(families=24, variants=30, days=400, repetitions=300, blocks=8)


def bound(rate: float, families: int) -> float:
    """Three binomial errors above a rate."""
    return rate + 3 * math.sqrt(rate * (1 - rate) / families)


def hold_their_rates(size: Size) -> dict[str, float]:
    found = shares(size, np.zeros(size.variants))
    for name, share in found.items():
        print(f"{name:<38}{share:7.1%} of {size.families} worthless families")
    assert found["PSR of one variant named beforehand"] <= bound(LEVEL, size.families)
    assert found["DSR of the best"] <= bound(LEVEL, size.families)
    assert found["SPA"] <= bound(LEVEL, size.families)
    assert found["PSR of the best, not deflated"] >= 0.5
    for name in ("PBO by rank alone", "PBO"):
        assert found[name] <= bound(0.35, size.families), name
    return found


def test_worthless_families_pass_no_more_often_than_the_gates_say() -> None:
    hold_their_rates(SAMPLE)


@pytest.mark.soak
def test_worthless_families_in_full() -> None:
    found = hold_their_rates(Size())
    assert found["PSR of one variant named beforehand"] >= LEVEL - 3 * math.sqrt(LEVEL * (1 - LEVEL) / Size().families)


def test_a_plateau_is_not_called_overfitted_for_its_flatness() -> None:
    found = [cscv(family(seed, 1_500, plateau(40, 2.0)), 8) for seed in range(12)]
    assert np.mean([one.pbo_nonstrict <= PBO_MAX for one in found]) < 0.9
    assert np.mean([(one.pbo or 0.0) <= PBO_MAX for one in found]) >= 0.9


def test_a_needle_in_noise_stays_what_it_was() -> None:
    edge = np.zeros(40)
    edge[20] = 2.0
    for seed in range(6):
        found = cscv(family(seed, 1_500, edge, reach=0.5), 8)
        assert found.pbo_material == pytest.approx(found.pbo_nonstrict, abs=0.05)


def test_good_variants_a_hair_apart_cost_nothing_and_bad_ones_cost_all() -> None:
    good = np.abs(family(1, 160, np.zeros(1))) + 1e-6 * family(2, 160, np.zeros(5))
    assert cscv(good, 8).pbo == 0.0
    assert cscv(-good, 8).pbo == cscv(-good, 8).pbo_nonstrict > 0.0


def test_power_rises_with_sharpe_ratio_and_length() -> None:
    few = {key: power(*key, variants=10, draws=20) for key in ((1.0, 1), (3.0, 1), (3.0, 3))}
    assert few[1.0, 1] < few[3.0, 1] <= few[3.0, 3]
    assert few[3.0, 3] >= 0.7


@pytest.mark.soak
def test_power_table_in_full() -> None:
    table = power_table(20, 200)
    for (sharpe, years), share in table.items():
        print(f"Sharpe ratio {sharpe}, {years} years: {share:.0%}")
    assert table[3.0, 5] >= 0.99
    assert table[0.5, 1] <= 0.1
