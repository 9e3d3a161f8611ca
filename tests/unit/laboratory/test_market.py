from dataclasses import fields

import numpy as np
import pytest

from domain.arrays import FloatArray
from domain.errors import Refused
from domain.times import US_PER_HOUR
from laboratory.market import SimulatedMarket, generate
from laboratory.paths import simulate
from laboratory.processes import trailing_mean
from laboratory.settings import LaboratorySettings

PANEL_ARRAYS = ("open", "high", "low", "close", "volume", "taker_buy_volume", "funding_rate")


def same(left: SimulatedMarket, right: SimulatedMarket) -> bool:
    return all(getattr(left.panel, name).tobytes() == getattr(right.panel, name).tobytes() for name in PANEL_ARRAYS)


def daily_log_returns(market: SimulatedMarket) -> FloatArray:
    return np.diff(np.log(market.bars.close[23::24]), axis=0)


def test_shape_and_grid(market: SimulatedMarket, closes_us: int) -> None:
    panel = market.panel
    assert panel.simulated
    assert panel.market == "linear"
    assert panel.close.shape == (730 * 24, 12)
    assert int(panel.close_time_us[-1]) == closes_us
    assert set(np.diff(panel.open_time_us).tolist()) == {US_PER_HOUR}


def test_the_seed_decides_every_byte(market: SimulatedMarket, settings: LaboratorySettings, closes_us: int) -> None:
    assert same(generate(market.seed, closes_us, settings), market)


def test_another_seed_is_another_market_with_the_same_truth(
    market: SimulatedMarket, settings: LaboratorySettings, closes_us: int
) -> None:
    other = generate(market.seed + 1, closes_us, settings)
    for name in ("close", "volume", "funding_rate"):
        assert not np.array_equal(getattr(other.panel, name), getattr(market.panel, name), equal_nan=True)
    assert {f.name for f in fields(market.truth) if getattr(other.truth, f.name) != getattr(market.truth, f.name)} == {"seed"}


def test_a_seed_below_zero_is_refused(settings: LaboratorySettings, closes_us: int) -> None:
    with pytest.raises(Refused, match="seed"):
        generate(-1, closes_us, settings)


def test_bars_are_possible_ones(market: SimulatedMarket) -> None:
    bars = market.bars
    assert (bars.low > 0).all()
    assert (bars.low <= np.minimum(bars.open, bars.close)).all()
    assert (bars.high >= np.maximum(bars.open, bars.close)).all()
    assert (bars.taker_buy_volume >= 0).all()
    assert (bars.taker_buy_volume <= bars.volume).all()
    assert np.isfinite(bars.volume).all()


def test_extremes_reach_beyond_open_and_close(market: SimulatedMarket) -> None:
    # E[range] of a Brownian motion is sqrt(8/pi) of its standard deviation, E|close - open| is sqrt(2/pi): a ratio of 2.
    bars = market.bars
    ratio = np.log(bars.high / bars.low).mean() / np.abs(np.log(bars.close / bars.open)).mean()
    assert ratio == pytest.approx(2.0, abs=0.2)


def test_the_factor_has_its_planted_volatility(market: SimulatedMarket) -> None:
    assert daily_log_returns(market)[:, 0].std() * 365**0.5 == pytest.approx(market.truth.factor_volatility_annual, rel=0.15)


def test_the_factor_comes_back_to_its_line(settings: LaboratorySettings) -> None:
    # An Ornstein-Uhlenbeck deviation of volatility s and half-life h has the standard deviation s sqrt(h / (2 ln 2)).
    years = settings.factor.reversion_half_life_days / 365
    planted_sd = settings.factor.volatility_annual * np.sqrt(years / (2 * np.log(2)))
    hours = np.arange(1, 4 * 365 * 24 + 1)
    line = np.log(settings.symbols[0].start_price_usd) + settings.factor.log_return_annual * hours / (365 * 24)
    strays = np.array([simulate(seed, len(hours), settings).log_price[365 * 24 :, 0] - line[365 * 24 :] for seed in range(30)])
    assert strays.std() == pytest.approx(planted_sd, rel=0.15)
    assert abs(strays.mean()) < 0.1 * planted_sd
    halved = int(settings.factor.reversion_half_life_days * 24)
    assert (strays[:, halved:] * strays[:, :-halved]).mean() / (strays**2).mean() == pytest.approx(0.5, abs=0.12)
    two_years = strays[:, 2 * 365 * 24 :] - strays[:, : -2 * 365 * 24] + 2 * settings.factor.log_return_annual
    assert two_years.min() > 0  # whoever held BTC for two years gained, whenever they came


def test_volatilities_are_as_planted_and_realistic(market: SimulatedMarket) -> None:
    annual = daily_log_returns(market).std(axis=0) * 365**0.5
    planted = np.array([item.volatility_annual for item in market.truth.symbols])
    np.testing.assert_allclose(annual, planted, rtol=0.25)
    assert annual.mean() == pytest.approx(planted.mean(), rel=0.08)
    assert ((annual > 0.4) & (annual < 1.1)).all()


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_betas_are_recovered(settings: LaboratorySettings, closes_us: int, seed: int) -> None:
    market = generate(seed, closes_us, settings)
    returns = daily_log_returns(market)
    factor = np.column_stack([np.ones(len(returns)), returns[:, 0]])
    solution, residual, _, _ = np.linalg.lstsq(factor, returns[:, 1:], rcond=None)
    error = np.sqrt(residual / (len(returns) - 2) / ((returns[:, 0] - returns[:, 0].mean()) ** 2).sum())
    planted = np.array([item.beta for item in market.truth.symbols[1:]])
    z = (solution[1] - planted) / (1.25 * error)  # drift and clustered volatility make the plain error too small
    assert np.abs(z).max() < 4.0
    assert np.abs(z.mean()) < 1.2


@pytest.mark.parametrize("seed", [1, 2, 3, 4])
def test_planted_impact_is_recovered_within_its_interval(settings: LaboratorySettings, closes_us: int, seed: int) -> None:
    market = generate(seed, closes_us, settings)
    sigma_day = simulate(seed, market.window.hours_since_origin, settings).impact_sigma_day[-market.window.hours :]
    bars = market.bars
    volume_usd = bars.volume * bars.close
    signed = (2.0 * bars.taker_buy_volume - bars.volume) * bars.close
    daily = 24 * trailing_mean(volume_usd, 30 * 24)
    pressure = np.sign(signed) * np.sqrt(np.abs(signed) / daily)
    moved = np.log(bars.close / bars.open) / sigma_day
    slope = (pressure * moved).sum() / (pressure**2).sum()
    score = (pressure * (moved - slope * pressure)).sum(axis=1)  # one cluster an hour
    error = np.sqrt((score**2).sum()) / (pressure**2).sum()
    assert error < 0.02
    assert abs(slope - market.truth.impact_coefficient) < 3.0 * error


def test_without_planted_impact_none_is_found(settings: LaboratorySettings, closes_us: int) -> None:
    flow = settings.flow.model_copy(update={"impact_coefficient": 0.0})
    bars = generate(1, closes_us, settings.model_copy(update={"flow": flow})).bars
    signed = 2.0 * bars.taker_buy_volume - bars.volume
    with np.errstate(invalid="ignore"):
        pressure = np.nan_to_num(np.sign(signed) * np.sqrt(np.abs(signed) / bars.volume))
    assert abs(np.corrcoef(pressure[:, 0], np.log(bars.close / bars.open)[:, 0])[0, 1]) < 0.03


@pytest.mark.parametrize("lag_hours", [1, 6, 24, 72])
def test_volatility_clusters(market: SimulatedMarket, lag_hours: int) -> None:
    size = np.abs(np.log(market.bars.close / market.bars.open))
    correlations = [np.corrcoef(column[lag_hours:], column[:-lag_hours])[0, 1] for column in size.T]
    assert min(correlations) > 3 / np.sqrt(len(size))  # three standard errors of no clustering
    assert np.mean(correlations) > 0.04


def test_hourly_returns_have_mildly_fat_tails(market: SimulatedMarket) -> None:
    returns = np.log(market.bars.close / market.bars.open)
    z = (returns - returns.mean(axis=0)) / returns.std(axis=0)
    assert 4.0 < np.median((z**4).mean(axis=0)) < 15.0


def test_the_premia_are_there_and_the_factor_has_none(settings: LaboratorySettings) -> None:
    hidden = simulate(3, 730 * 24, settings)
    assert np.ptp(hidden.drift[:, 0]) == 0.0
    assert np.ptp(hidden.transient[:, 0]) == 0.0
    hours = int(settings.reversal.half_life_hours)
    left = (hidden.transient[hours:, 1:] * hidden.transient[:-hours, 1:]).mean() / (hidden.transient[:, 1:] ** 2).mean()
    assert left == pytest.approx(0.5, abs=0.05)
    days = int(settings.trend.half_life_days * 24)
    kept = (hidden.drift[days:, 1:] * hidden.drift[:-days, 1:]).mean() / (hidden.drift[:, 1:] ** 2).mean()
    assert kept == pytest.approx(0.5, abs=0.2)
    planted = np.array([item.idiosyncratic_volatility_annual for item in settings.symbols])[1:] * settings.trend.daily_drift_sd
    np.testing.assert_allclose(hidden.drift[:, 1:].std(axis=0) * 24 * 365**0.5, planted, rtol=0.5)


def test_funding_is_stamped_every_eight_hours(market: SimulatedMarket) -> None:
    rates = market.panel.funding_rate
    stamped = np.zeros(len(rates), dtype=bool)
    stamped[::8] = True
    assert np.all(rates[~stamped][np.isfinite(rates[~stamped])] == 0.0)
    means = [item.funding_mean_annual for item in market.truth.symbols]
    np.testing.assert_allclose(np.nanmean(rates[stamped], axis=0) * 3 * 365, means, atol=0.04)
    daily = market.funding_rate
    assert np.corrcoef(daily.T)[np.triu_indices(12, 1)].mean() > 0.3  # a common component
