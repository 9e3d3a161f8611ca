"""Every package of this desk keeps what its manifest promises, and its sign is the one that its description states."""

from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from backtest.stepping import stepped
from domain.market import Market
from domain.strategy import Style, View
from domain.times import US_PER_HOUR, parse_utc
from model_runtime.package import Package, load_package
from model_runtime.predictions import predict
from tests.unit.model_runtime.packages import view_for_tests

FOLDER = Path(__file__).resolve().parents[3] / "strategies"
NAMES = sorted(path.name for path in FOLDER.iterdir() if (path / "manifest.yaml").exists())
SYMBOLS = ("BTCUSDT", "ETHUSDT", "SOLUSDT", "XRPUSDT")
NAN = float("nan")


def package(name: str) -> Package:
    return load_package(FOLDER / name, reviewed=True)


def market(length: int = 2600, *, params: dict[str, float] | None = None, gaps: bool = True) -> View:
    view = replace(view_for_tests(length, SYMBOLS, seed=3), params=params or {})
    view.open_time_us[:] += parse_utc("2024-01-01")
    random = np.random.default_rng(4)
    view.daily_volatility[:] = 0.03 * np.exp(np.cumsum(random.normal(0, 0.01, view.close.shape), axis=0))
    view.taker_buy_volume[:] = view.volume * random.random(view.close.shape)
    if gaps:
        for name in ("open", "high", "low", "close", "volume", "taker_buy_volume"):
            values = getattr(view, name)
            values[2000:2010, 1] = values[2400:2440, 2] = values[:900, 3] = values[2590:, 0] = NAN
    return view


def ask(name: str, view: View, **params: float) -> np.ndarray:
    loaded = package(name)
    return predict(loaded, replace(view, params={**loaded.manifest.parameters, **params}))


def test_there_are_at_least_seven_of_different_styles() -> None:
    assert len(NAMES) >= 7
    assert {package(name).manifest.style for name in NAMES} >= {
        Style.TREND, Style.REVERSAL, Style.CROSS_SECTIONAL, Style.CARRY, Style.BETA, Style.NOISE,
    }  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_manifest_and_code_agree(name: str) -> None:
    loaded = package(name)
    code: dict[str, object] = {}
    exec((FOLDER / name / "strategy.py").read_text(), code)
    assert loaded.manifest.name == name
    assert code["HORIZON_HOURS"] == loaded.manifest.horizon_hours
    count = len(loaded.manifest.configurations())
    assert count == 1 if not loaded.manifest.grid else 6 <= count <= 12
    assert set(loaded.manifest.markets) <= {Market.LINEAR, Market.SPOT}
    assert loaded.manifest.markets.get(Market.SPOT, "long_only") == "long_only"


@pytest.mark.parametrize("name", NAMES)
def test_predictions_depend_on_the_declared_lookback_only(name: str) -> None:
    loaded = package(name)
    for params in loaded.manifest.configurations():
        view = market(params=params)
        ask = partial(predict, loaded)
        assert stepped(ask, view, ask(view), [2005, 2415, 2445, 2595], lookback_bars=loaded.manifest.lookback_bars) == []


@pytest.mark.parametrize("name", NAMES)
def test_predictions_are_returns_of_a_believable_size_and_the_same_each_time(name: str) -> None:
    view = market(gaps=False)
    loaded = package(name)
    for params in loaded.manifest.configurations():
        got = predict(loaded, replace(view, params=params), twice=True)
        known = np.isfinite(got)
        assert known[-1, 0]
        sigma = view.daily_volatility * np.sqrt(loaded.manifest.horizon_hours / 24)
        assert np.abs(got[known]).max() < 0.5 * sigma[known].max()


@pytest.mark.parametrize("name", NAMES)
def test_a_market_without_a_single_bar_has_no_opinion(name: str) -> None:
    view = market(50, gaps=False)
    empty = {
        field: np.full_like(view.close, NAN)
        for field in ("open", "high", "low", "close", "volume", "taker_buy_volume", "funding_rate")
    }
    assert np.isnan(ask(name, replace(view, **empty))).all()


def steady(slope: float) -> View:
    """All symbols flat but the first, which moves by `slope` a bar on top of a small zigzag."""
    view = market(gaps=False)
    zigzag = 0.001 * (np.arange(len(view.close)) % 2)[:, None] * np.ones(4)
    path = 100 * np.exp(zigzag + slope * np.arange(len(view.close))[:, None] * np.array([1, 0, 0, 0]))
    return replace(view, open=path, high=path * 1.001, low=path * 0.999, close=path, daily_volatility=np.full_like(path, 0.03))


@pytest.mark.parametrize("name", ["ewmac-trend", "breakout", "cross-sectional-momentum"])
def test_trends_are_followed(name: str) -> None:
    up, down = ask(name, steady(0.001)), ask(name, steady(-0.001))
    assert up[-1, 0] > 0 > down[-1, 0]
    assert abs(up[-1, 1]) < up[-1, 0]


def test_momentum_is_relative() -> None:
    got = ask("cross-sectional-momentum", steady(0.0003))
    assert (got[-1, 1:] < 0).all()


@pytest.mark.parametrize("relative", [0, 1])
def test_a_jump_is_expected_to_come_back_in_part(relative: int) -> None:
    view = steady(0.0)
    view.close[-1, 0] *= 1.03
    got = ask("short-term-reversal", view, relative=relative)[-1]
    assert -0.03 < got[0] < 0
    assert np.sign(got[1]) == relative


def test_carry_expects_the_funding_paid_of_late() -> None:
    view = market(gaps=False)
    rates = np.zeros_like(view.close)
    rates[::8] = [0.0003, 0.0001, -0.0001, 0.0001]
    flat = replace(view, funding_rate=rates, daily_volatility=np.full_like(rates, 0.03))
    absolute, relative = (ask("carry", flat, relative=switch)[-1] for switch in (0, 1))
    assert absolute == pytest.approx([-0.0027, -0.0009, 0.0009, -0.0009])  # nine stamps in 72 hours
    assert relative == pytest.approx([-0.0018, 0.0, 0.0018, 0.0])


def test_carry_shrinks_when_volatility_is_above_its_mean() -> None:
    view = market(gaps=False)
    rates = np.zeros_like(view.close)
    rates[::8] = 0.0001
    volatility = np.full_like(rates, 0.03)
    volatility[-1] = 0.06
    got = ask("carry", replace(view, funding_rate=rates, daily_volatility=volatility), relative=0)
    assert got[-1, 0] / got[-2, 0] == pytest.approx((719 * 0.03 + 0.06) / 720 / 0.06)


@pytest.mark.parametrize("rate", [NAN, 0.0])
def test_carry_has_no_opinion_without_funding(rate: float) -> None:
    view = market(gaps=False)
    assert np.isnan(ask("carry", replace(view, funding_rate=np.full_like(view.close, rate)))).all()
    assert Market.SPOT not in package("carry").manifest.markets


def test_levered_bitcoin_is_always_long_of_bitcoin_alone() -> None:
    got = ask("btc-levered", market(gaps=False))
    assert (got[:, 0] > 0).all()
    assert np.isnan(got[:, 1:]).all()


def test_noise_is_a_function_of_symbol_time_and_seed_and_of_nothing_else() -> None:
    view = market(gaps=False)
    calm = replace(view, daily_volatility=np.full_like(view.close, 0.03))
    got = ask("noise", calm)
    shuffled = ask("noise", replace(calm, symbols=SYMBOLS[::-1], close=view.close * 2))
    assert got == pytest.approx(shuffled[:, ::-1])
    assert not np.allclose(got, ask("noise", calm, seed=2))
    held = got[24:72].reshape(1, 48, 4)  # stretches of two days count from the epoch: one begins on 2 January
    assert (held == held[:, :1]).all()
    assert abs(np.corrcoef(got[24::48, 0], got[24::48, 1])[0, 1]) < 0.5
    # The same bytes on every machine and in every process: SplitMix64 of the hour, worked out in integers.
    assert got[0, 0] == pytest.approx(0.05 * 0.03 * (4 * uniform(parse_utc("2024-01-01"), "BTCUSDT/1") - 2))


def uniform(open_time_us: int, text: str) -> float:
    import hashlib

    def mixed(x: int) -> int:
        x = (x + 0x9E3779B97F4A7C15) % 2**64
        x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9 % 2**64
        x = (x ^ (x >> 27)) * 0x94D049BB133111EB % 2**64
        return x ^ (x >> 31)

    name = int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")
    return (mixed(mixed(open_time_us // (48 * US_PER_HOUR)) ^ name) >> 11) / 2**53


def test_pressure_of_takers_is_faded_or_followed() -> None:
    view = market(gaps=False)
    view.taker_buy_volume[-8:, 0] = view.volume[-8:, 0]
    faded, followed = (ask("taker-flow", view, follow=sign)[-1, 0] for sign in (-1, 1))
    assert faded < 0 < followed
    assert faded == pytest.approx(-followed)


def test_taker_flow_has_no_opinion_where_the_source_carries_no_taker_volume() -> None:
    view = market(gaps=False)
    assert np.isnan(ask("taker-flow", replace(view, taker_buy_volume=np.full_like(view.close, NAN)))).all()
