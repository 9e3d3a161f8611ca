"""Planted leaks are found and named; honest strategies are left alone."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from backtest.future_changes import NEWCOMER, deleted, permuted, perturbed, relisted
from backtest.leakage import Ask, LeakReport, fuzz
from domain.arrays import FloatArray
from domain.errors import Refused
from domain.strategy import View
from domain.times import US_PER_HOUR, iso

BARS, SYMBOLS = 900, ("A", "B", "C", "D")
SEEDS = range(4)


def market(seed: int = 1, bars: int = BARS) -> View:
    random = np.random.default_rng(seed)
    shape = (bars, len(SYMBOLS))
    close = 100 * np.exp(np.cumsum(random.normal(0, 0.01, shape), axis=0))
    return View(
        symbols=SYMBOLS,
        interval_us=US_PER_HOUR,
        open_time_us=np.arange(bars, dtype=np.int64) * US_PER_HOUR,
        open=close * np.exp(random.normal(0, 0.001, shape)),
        high=close * 1.004,
        low=close * 0.996,
        close=close,
        volume=random.exponential(100, shape),
        taker_buy_volume=random.exponential(50, shape),
        funding_rate=random.normal(0, 1e-4, shape),
        daily_volatility=0.03 * np.exp(np.cumsum(random.normal(0, 0.01, shape), axis=0)),
        params={},
    )


def fuzzed(ask: Ask, seed: int = 1, **changes: FloatArray) -> LeakReport:
    return fuzz(ask, replace(market(), **changes), lookback_bars=24, seed=seed)


def move(values: FloatArray, bars: int) -> FloatArray:
    moved = np.full_like(values, np.nan)
    moved[bars:] = values[bars:] / values[:-bars] - 1.0
    return moved


def ahead(values: FloatArray) -> FloatArray:
    """Each row's next one; the last row has none."""
    return np.vstack([values[1:], np.full((1, values.shape[1]), np.nan)])


def honest(view: View) -> FloatArray:
    return 0.1 * move(view.close, 12)


def one_bar_ahead(view: View) -> FloatArray:
    return ahead(view.close) / view.close - 1.0


def full_sample_scaling(view: View) -> FloatArray:
    moved = move(view.close, 12)
    return 0.01 * (moved - np.nanmean(moved, axis=0)) / np.nanstd(moved, axis=0)


def centred_window(view: View) -> FloatArray:
    smooth = np.full_like(view.close, np.nan)
    if len(smooth) > 10:
        smooth[5:-5] = np.stack([view.close[k : len(view.close) - 10 + k] for k in range(11)]).mean(axis=0)
    return smooth / view.close - 1.0


def backfilled_gap(view: View) -> FloatArray:
    row = np.arange(len(view.close))[:, None]
    following = np.minimum.accumulate(np.where(np.isfinite(view.close), row, len(row) - 1)[::-1], axis=0)[::-1]
    return 0.1 * move(view.close[following, np.arange(view.close.shape[1])], 12)


def survivor_universe(view: View) -> FloatArray:
    return np.where(np.isfinite(view.close[-1]), honest(view), np.nan)


def mostly_there(view: View) -> FloatArray:
    return np.where(np.isfinite(view.close).mean(axis=0) > 0.9, honest(view), np.nan)


def ranked_among_survivors(view: View) -> FloatArray:
    moved = survivor_universe(view)
    known = np.isfinite(moved)
    mean = np.where(known, moved, 0.0).sum(axis=1, keepdims=True) / np.maximum(known.sum(axis=1, keepdims=True), 1)
    return moved - mean


def averages_what_is_not_listed(view: View) -> FloatArray:
    """One symbol that is listed later takes away every opinion."""
    return honest(view) - honest(view).mean(axis=1, keepdims=True)


def counts_its_bars(view: View) -> FloatArray:
    return honest(view) * np.linspace(1.0, 2.0, len(view.close))[:, None]


def peeks_at_absence(view: View) -> FloatArray:
    return np.where(np.isnan(ahead(view.volume)), 0.0, honest(view))


def both_or_nothing(view: View) -> FloatArray:
    """Moved only by open and low together, both of the next bar."""
    jumped = (ahead(view.low) / view.low > 1.05) & (ahead(view.open) / view.open > 1.05)
    return np.where(jumped, 0.0, honest(view))


def only_scaled_by(name: str) -> Ask:
    def ask(view: View) -> FloatArray:
        return honest(view) / np.nanstd(getattr(view, name), axis=0)

    return ask


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(
    ("ask", "inputs"),
    [
        (one_bar_ahead, ("close",)),
        (full_sample_scaling, ("close",)),
        (centred_window, ("close",)),
        (backfilled_gap, ("close",)),
        (survivor_universe, ("universe",)),
        (mostly_there, ("universe",)),
        (ranked_among_survivors, ("universe",)),
        (averages_what_is_not_listed, ("universe",)),
        (counts_its_bars, ("open_time",)),
        (peeks_at_absence, ("volume",)),
        (lambda view: survivor_universe(view) + 0.0 * one_bar_ahead(view) + one_bar_ahead(view), ("close", "universe")),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_planted_leaks_are_found_and_the_right_input_is_named(ask: Ask, inputs: tuple[str, ...], seed: int) -> None:
    assert fuzzed(ask, seed).inputs == inputs


@pytest.mark.parametrize(
    "name", ["open", "high", "low", "close", "volume", "taker_buy_volume", "funding_rate", "daily_volatility"]
)
def test_each_input_is_named_when_it_alone_leaks(name: str) -> None:
    assert fuzzed(only_scaled_by(name)).inputs == (name,)


def test_inputs_that_leak_only_together_are_named_together() -> None:
    found = {fuzzed(both_or_nothing, seed).inputs for seed in range(8)}
    assert found - {()} == {("open", "low")}


def test_a_leak_is_dated_from_the_first_opinion_that_has_it() -> None:
    assert iso(fuzzed(one_bar_ahead).first_time_us or 0) == "1970-01-01T01:00:00Z"
    assert iso(fuzzed(full_sample_scaling).first_time_us or 0) == "1970-01-01T13:00:00Z"


def cumulative(view: View) -> FloatArray:
    """A running z-score of all that has been: no leak, but more than any declared lookback."""
    count = np.arange(1, len(view.close) + 1)[:, None]
    return 0.01 * (np.log(view.close) - np.cumsum(np.log(view.close), axis=0) / count)


def relative_strength(view: View) -> FloatArray:
    moved = honest(view)
    known = np.isfinite(moved)
    return moved - np.where(known, moved, 0.0).sum(axis=1, keepdims=True) / np.maximum(known.sum(axis=1, keepdims=True), 1)


def filled_forward(view: View) -> FloatArray:
    row = np.arange(len(view.close))[:, None]
    last = np.maximum.accumulate(np.where(np.isfinite(view.close), row, 0), axis=0)
    return np.where(row - last < 6, 0.1 * move(view.close[last, np.arange(view.close.shape[1])], 12), np.nan)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("ask", [honest, filled_forward, relative_strength])
def test_honest_strategies_raise_no_alarm(ask: Ask, seed: int) -> None:
    report = fuzzed(ask, seed)
    assert (report.leaks, report.disagreements) == ((), ())
    assert report.first_time_us is None
    assert report.moments == 4


@pytest.mark.parametrize("seed", SEEDS)
def test_more_memory_than_declared_is_a_disagreement_and_no_leak(seed: int) -> None:
    report = fuzzed(cumulative, seed)
    assert report.inputs == ()
    assert {item.check for item in report.disagreements} == {"lookback alone", "restart"}


def test_one_bar_more_than_declared_is_noticed() -> None:
    exact = fuzz(honest, market(), lookback_bars=13, seed=1)
    short = fuzz(honest, market(), lookback_bars=12, seed=1)
    assert exact.disagreements == ()
    assert {item.check for item in short.disagreements} == {"lookback alone", "restart"}
    assert {item.moved for item in short.disagreements} == {float("inf")}


def test_silence_is_refused() -> None:
    with pytest.raises(Refused, match="no opinion anywhere"):
        fuzzed(lambda view: np.full_like(view.close, np.nan))


def test_inputs_that_no_source_carries_are_invented_and_named() -> None:
    absent = np.full((BARS, len(SYMBOLS)), np.nan)

    def peeks(view: View) -> FloatArray:
        return ahead(view.taker_buy_volume / view.volume)

    report = fuzzed(peeks, taker_buy_volume=absent)
    assert (report.inputs, report.invented) == (("volume", "taker_buy_volume"), ("taker_buy_volume",))


def test_the_same_seed_gives_the_same_report() -> None:
    assert fuzzed(centred_window, 3) == fuzzed(centred_window, 3)
    assert fuzzed(centred_window, 3) != fuzzed(centred_window, 4)


@pytest.mark.parametrize("change", [perturbed, permuted, deleted])
def test_changes_leave_the_known_past_and_the_end_of_the_sample(change: Callable[..., View]) -> None:
    view = market()
    view.close[40:50, 1] = np.nan
    got = change(view, 30, ("close",), 7)
    assert np.array_equal(got.close[:31], view.close[:31])
    assert not np.array_equal(got.close[31:], view.close[31:], equal_nan=True)
    assert np.array_equal(np.isfinite(got.close[-1]), np.isfinite(view.close[-1]))
    assert np.array_equal(got.open, view.open)
    if change is not deleted:
        assert np.array_equal(np.isfinite(got.close), np.isfinite(view.close))


def test_permuting_keeps_each_symbols_values() -> None:
    view = market()
    got = permuted(view, 30, ("volume",), 7)
    assert np.array_equal(np.sort(got.volume[31:], axis=0), np.sort(view.volume[31:], axis=0))


def test_relisting_changes_who_is_there_at_the_end_and_nothing_near() -> None:
    view = market()
    for values in (view.close, view.open, view.volume):
        values[700:, 3] = np.nan
    got = relisted(view, 100, 7)
    assert got.symbols == (*SYMBOLS, NEWCOMER)
    assert np.array_equal(got.close[:500, :4], view.close[:500], equal_nan=True)
    assert np.isnan(got.close[:500, 4]).all()
    there = np.isfinite(got.close[-1])
    assert there[4]
    assert 1 <= (~there[:3]).sum() <= 2
