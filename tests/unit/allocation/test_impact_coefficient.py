import numpy as np
import pytest

from allocation.impact_coefficient import calibrate_from_flow
from domain.market import Market, Panel
from domain.times import US_PER_HOUR

SIGMA = 0.03
DAILY_VOLUME = 24_000.0


def panel(coefficient, days=300, symbols=2, seed=5, taker=True):
    """Bars whose moves are the square root law on the bar's net taker flow, with noise; volatility is SIGMA a day."""
    rng = np.random.default_rng(seed)
    shape = (days * 24, symbols)
    volume = np.full(shape, DAILY_VOLUME / 24)
    net = volume * rng.uniform(-0.5, 0.5, shape)
    impact = coefficient * SIGMA * np.sign(net) * np.sqrt(np.abs(net) / DAILY_VOLUME)
    noise = np.sqrt(np.maximum(SIGMA**2 / 24 - impact.var(), 0)) * rng.normal(size=shape)
    close = 100 * np.cumprod(1 + impact + noise, axis=0)
    opened = np.vstack([np.full(symbols, 100.0), close[:-1]])
    nothing = np.full(shape, np.nan)
    buys = (volume + net) / 2 if taker else nothing
    times = np.arange(len(close), dtype=np.int64) * US_PER_HOUR
    names = tuple(f"S{i}" for i in range(symbols))
    high, low = np.maximum(opened, close), np.minimum(opened, close)
    return Panel("sim", Market.LINEAR, US_PER_HOUR, names, times, opened, high, low, close, volume, buys, nothing)


@pytest.mark.parametrize("planted", [0.6, 1.0, 1.4])
def test_a_planted_coefficient_lies_within_its_interval(planted):
    found = calibrate_from_flow(panel(planted))
    assert abs(found.flow_estimate - planted) < 2.6 * found.flow_standard_error
    assert found.low <= planted <= found.high


def test_the_standard_error_covers_the_scatter_of_many_repetitions():
    # Somewhat less scatter than the error says: a chance excess of moves with the flow also raises the volatility divided by.
    estimates = [calibrate_from_flow(panel(1.0, days=120, seed=seed)) for seed in range(60)]
    spread = np.std([found.flow_estimate for found in estimates], ddof=1)
    mean_error = np.mean([found.flow_standard_error for found in estimates])
    assert 0.9 * spread < mean_error < 1.7 * spread


def test_public_flow_moves_the_prior_only_part_of_the_way():
    found = calibrate_from_flow(panel(1.6))
    assert 1.0 < found.value < found.flow_estimate
    assert found.value - 1.0 == pytest.approx(0.8 * (found.flow_estimate - 1.0), rel=0.02)  # 0.5^2 / (0.5^2 + 0.25^2)


def test_without_taker_volume_the_prior_stands_with_its_band():
    found = calibrate_from_flow(panel(1.0, taker=False))
    assert (found.value, found.low, found.high) == (1.0, 0.5, 2.0)
    assert found.flow_estimate is None
    assert found.method == "prior: 0 bars with taker volume, 500 needed"


def test_a_days_volume_and_volatility_are_those_known_before_it():
    whole, busy = panel(1.0), panel(1.0)
    net = 2 * busy.taker_buy_volume - busy.volume
    busy.volume[-24:] *= 1000.0
    busy.taker_buy_volume[:] = (busy.volume + net) / 2  # the same net flow in a thousand times the volume
    before, after = calibrate_from_flow(whole), calibrate_from_flow(busy)
    assert after.flow_estimate == pytest.approx(before.flow_estimate, rel=1e-9)
    assert after.observations == before.observations
