from pathlib import Path

import numpy as np
import pytest
import yaml

from domain.strategy import Style
from domain.times import US_PER_SECOND
from laboratory.market import SimulatedMarket
from laboratory.pods import Expected, LaboratoryPod, pods

STRATEGIES = Path(__file__).parents[3] / "strategies"


@pytest.fixture(scope="module")
def members(market: SimulatedMarket) -> dict[str, LaboratoryPod]:
    return {item.spec.pod: item for item in pods(market, market.seed)}


def test_the_eight_pods_and_what_becomes_of_them(members: dict[str, LaboratoryPod]) -> None:
    assert {name: item.expected for name, item in members.items()} == {
        "trend-skilled": Expected.PROMOTED,
        "reversal-skilled": Expected.PROMOTED,
        "trend-clone": Expected.PROMOTED,
        "btc-levered": Expected.ZERO,
        "decayed-edge": Expected.ZERO,
        "noise-trader": Expected.FLOOR,
        "trend-hasty": Expected.FLOOR,
        "maker-slow": Expected.ZERO,
    }
    assert all(item.spec.live and item.truth for item in members.values())


def test_the_seed_decides_pods(market: SimulatedMarket, members: dict[str, LaboratoryPod]) -> None:
    for again in pods(market, market.seed):
        spec, first = again.spec, members[again.spec.pod].spec
        assert spec.latency_us is not None
        assert first.latency_us is not None
        assert spec.latency_us.tobytes() == first.latency_us.tobytes()
    other = {item.spec.pod: item.spec for item in pods(market, market.seed + 1)}
    for name in ("decayed-edge", "maker-slow"):
        assert not np.array_equal(other[name].stated_returns, members[name].spec.stated_returns)


def test_packages_exist_and_overrides_are_parameters_of_theirs(members: dict[str, LaboratoryPod]) -> None:
    for item in members.values():
        if item.manifest is None:
            manifest = yaml.safe_load((STRATEGIES / item.spec.package / "manifest.yaml").read_text(encoding="utf-8"))
            assert set(item.spec.parameters) <= set(manifest.get("parameters", {}))
            assert item.spec.stated_returns is None
        else:
            assert item.spec.package == item.manifest.name
            assert item.spec.stated_returns is not None
            assert not (STRATEGIES / item.spec.package).exists()


def test_the_clone_is_the_skilled_trend_with_other_parameters(members: dict[str, LaboratoryPod]) -> None:
    skilled, clone = members["trend-skilled"].spec, members["trend-clone"].spec
    assert clone.package == skilled.package
    assert clone.parameters != skilled.parameters


def test_the_hasty_trend_takes_everything_late_and_dearly(members: dict[str, LaboratoryPod]) -> None:
    skilled, hasty = members["trend-skilled"].spec, members["trend-hasty"].spec
    assert hasty.package == skilled.package
    assert (hasty.profile.taker_share, hasty.profile.delay_bars) == (1.0, 1)
    assert hasty.profile.cost_multiplier > skilled.profile.cost_multiplier == 1.0
    assert skilled.profile.taker_share < 0.5


def test_only_the_slow_maker_is_slow_for_its_class(members: dict[str, LaboratoryPod]) -> None:
    for name, item in members.items():
        latency = item.spec.latency_us
        assert latency is not None
        assert latency.min() > 0
        p99_us = float(np.quantile(latency, 0.99))
        if name == "maker-slow":
            assert 60_000 < p99_us < 110_000  # its class has 10 ms
        else:
            assert p99_us < 0.5 * US_PER_SECOND
    assert members["maker-slow"].manifest is not None
    assert members["maker-slow"].manifest.style is Style.MARKET_MAKING


def test_stated_returns_cover_the_days_of_the_market(market: SimulatedMarket, members: dict[str, LaboratoryPod]) -> None:
    for name in ("decayed-edge", "maker-slow"):
        returns = members[name].spec.stated_returns
        assert returns is not None
        assert returns.shape == (market.settings.days,)
        assert np.isfinite(returns).all()
        assert np.abs(returns).max() < 0.1


@pytest.mark.parametrize("seed", range(1, 21))
def test_the_edge_was_strong_and_is_gone(market: SimulatedMarket, seed: int) -> None:
    (item,) = [pod for pod in pods(market, seed) if pod.spec.pod == "decayed-edge"]
    returns = item.spec.stated_returns
    assert returns is not None
    alive, gone = returns[:487], returns[487:]
    assert alive.mean() / alive.std(ddof=1) * 365**0.5 > 5.0
    assert gone.mean() / gone.std(ddof=1) * 365**0.5 < 1.5
    assert alive.mean() - gone.mean() > 3.0 * np.sqrt(alive.var(ddof=1) / len(alive) + gone.var(ddof=1) / len(gone))


def test_stated_returns_hold_little_of_the_market(market: SimulatedMarket, members: dict[str, LaboratoryPod]) -> None:
    factor = np.diff(market.bars.close[23::24, 0]) / market.bars.close[23:-1:24, 0]
    for name, planted in (("decayed-edge", 0.03), ("maker-slow", 0.01)):
        returns = members[name].spec.stated_returns
        assert returns is not None
        covariance = np.cov(returns[1:], factor)
        assert covariance[0, 1] / covariance[1, 1] == pytest.approx(planted, abs=0.03)
