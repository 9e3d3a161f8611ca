from dataclasses import replace

import numpy as np
import pytest

from attribution.live_against_replay import Gap, match_orders, watch
from domain.errors import Refused
from domain.record import COMPONENTS, Orders, PodRecord
from domain.times import US_PER_DAY

NOISE_BPS, BIAS_BPS, RUN_LENGTH_DAYS = 5.0, 3.0, 365.0


def orders(*rows: tuple[int, int, int, float, float, float]) -> Orders:
    """decided, symbol, side, quantity, filled, fill price"""
    decided, symbol, side, quantity, filled, price = zip(*rows, strict=True)
    whole = [np.array(values, dtype=np.int64) for values in (decided, symbol, side)]
    real = [np.array(values, dtype=np.float64) for values in (quantity, filled, price)]
    zero = np.zeros(len(rows))
    return Orders(*whole, real[0], real[1], zero, zero, real[2], zero, zero, zero, zero, zero)


def record(net_return: np.ndarray, line: str = "price") -> PodRecord:
    days, zero = len(net_return), np.zeros(len(net_return))
    component = {name: net_return if name == line else zero for name in COMPONENTS}
    none = np.zeros(0)
    day_us = np.arange(days, dtype=np.int64) * US_PER_DAY
    return PodRecord("a", 1e6, (), day_us, net_return, component, zero, zero, zero, none, none, none, orders((0, 0, 1, 1, 1, 1)))


def gap_of(gap_bps: np.ndarray, line: str = "price") -> Gap:
    replay = record(np.random.default_rng(0).normal(0, 0.01, len(gap_bps)), line)
    live = replace(replay, net_return=replay.net_return + gap_bps / 1e4)
    live = replace(live, component={**replay.component, line: replay.component[line] + gap_bps / 1e4})
    return watch(live, replay, noise_bps=NOISE_BPS, bias_bps=BIAS_BPS, run_length_days=RUN_LENGTH_DAYS)


def days_to_alarm(mean_bps: float, runs: int, days: int) -> np.ndarray:
    random = np.random.default_rng(5)
    found = []
    for _ in range(runs):
        alarm = gap_of(random.normal(mean_bps, NOISE_BPS, days)).alarm_us
        found.append(days if alarm is None else alarm // US_PER_DAY + 1)
    return np.array(found)


def test_a_planted_bias_of_3_bp_a_day_at_5_bp_of_noise_is_found_in_under_40_days() -> None:
    """After 22 days on average, and nine times out of ten within 40."""
    for bias in (-BIAS_BPS, BIAS_BPS):
        days = days_to_alarm(bias, runs=100, days=120)
        assert days.mean() < 25
        assert (days < 40).mean() > 0.85


def test_noise_alone_alarms_as_seldom_as_stated() -> None:
    """At a mean of a year to a false alarm, one within 100 days has a chance of about 1 - exp(-100 / 365) = 0.24."""
    days = days_to_alarm(0.0, runs=150, days=100)
    assert 0.1 < (days < 100).mean() < 0.35


def test_the_stated_days_are_those_of_the_run_length_equation() -> None:
    gap = gap_of(np.zeros(3))
    assert gap.days_to_false_alarm == pytest.approx(RUN_LENGTH_DAYS, rel=1e-6)
    assert 10 < gap.days_to_find < 25
    assert gap.alarm_us is None


def test_the_running_sums_and_the_day_of_alarm_by_hand() -> None:
    """Gaps of -10 bp are 2 standard deviations; less the allowance of 0.3: 1.7 a day, 3.4, 5.1, ...; +5 bp takes 1.3 off."""
    gap = gap_of(np.array([-10.0, -10.0, 5.0, -10.0, -10.0, -10.0, -10.0]))
    assert gap.worse == pytest.approx([1.7, 3.4, 2.1, 3.8, 5.5, 7.2, 8.9])
    assert gap.better == pytest.approx([0, 0, 0.7, 0, 0, 0, 0])
    first = int(np.flatnonzero(gap.worse >= gap.level)[0])
    assert gap.alarm_us == first * US_PER_DAY


def test_the_line_of_the_account_that_drifts_is_named() -> None:
    gap = gap_of(np.full(10, -3.0), line="fees")
    assert gap.component_bps["fees"] == pytest.approx(-3.0)
    assert gap.component_bps["price"] == pytest.approx(0.0)


def test_every_order_is_matched_or_named() -> None:
    live = orders((1, 0, 1, 2.0, 2.0, 101.0), (1, 1, -1, 4.0, 3.0, 49.0), (2, 0, 1, 1.0, 0.0, 10.0), (3, 0, 1, 1.0, 1.0, 10.0))
    replay = orders((1, 1, -1, 4.0, 4.0, 50.0), (1, 0, 1, 2.0, 2.0, 100.0), (2, 0, 1, 1.0, 1.0, 10.0), (4, 0, 1, 1.0, 1.0, 10.0))
    found = match_orders(live, replay)
    assert (found.live.tolist(), found.replay.tolist()) == ([0, 1, 2], [1, 0, 2])
    assert found.price_bps[:2] == pytest.approx([100.0, 200.0])  # bought at 101 instead of 100, sold at 49 instead of 50
    assert np.isnan(found.price_bps[2])
    assert found.quantity_share == pytest.approx([0.0, -0.25, -1.0])
    assert (found.only_live.tolist(), found.only_replay.tolist()) == ([3], [3])


def test_what_cannot_be_compared_is_refused() -> None:
    one, two = record(np.zeros(5)), record(np.zeros(6))
    with pytest.raises(Refused, match="replay of the live pod's 5 days"):
        watch(one, two, noise_bps=5.0, bias_bps=3.0, run_length_days=100.0)
    with pytest.raises(Refused, match="above 0 bp"):
        watch(one, one, noise_bps=0.0, bias_bps=3.0, run_length_days=100.0)
    twice = orders((1, 0, 1, 1.0, 1.0, 1.0), (1, 0, 1, 1.0, 1.0, 1.0))
    with pytest.raises(Refused, match="got 1 more"):
        match_orders(twice, twice)
