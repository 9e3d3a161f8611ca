"""Eight pods of which the truth is known: what the line must find out about each by itself."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from domain.arrays import FloatArray
from domain.pod import ExecutionProfile, PodSpec
from domain.strategy import Manifest, Parameter
from laboratory.market import SimulatedMarket
from laboratory.stated import DECAYED_EDGE, SLOW_MAKER, decayed_edge_returns, slow_maker_returns
from laboratory.streams import Purpose, stream

LATENCY_SAMPLES = 4_000
PASSIVE = ExecutionProfile(taker_share=0.15)
CLONED = ExecutionProfile(taker_share=0.20)
HASTY = ExecutionProfile(taker_share=1.0, delay_bars=1, participation_max=0.02, cost_multiplier=12.0)
CLONE_PARAMETERS: Mapping[str, Parameter] = {"fast_hours": 40, "slow_hours": 240}
RESTING = ExecutionProfile(taker_share=0.05)


class Expected(StrEnum):
    """What the line should do with a pod: all gates of the next tier pass, learning capital only, or nothing at all."""

    PROMOTED = "promoted"
    FLOOR = "floor"
    ZERO = "zero"


@dataclass(frozen=True)
class LaboratoryPod:
    """A pod and what is known of it; `manifest` is given where a stated return stream stands in for a package."""

    spec: PodSpec
    truth: str
    expected: Expected
    manifest: Manifest | None = None


@dataclass(frozen=True)
class _Latency:
    """Log-normal decision latency with a share of stalls, microseconds."""

    median_us: float
    log_sd: float
    stall_share: float = 0.002
    stall_factor: float = 3.0


_HOURLY_DECIDER = _Latency(median_us=160_000, log_sd=0.35)
_QUICK_DECIDER = _Latency(median_us=35_000, log_sd=0.35)
_SLOW_MAKER = _Latency(median_us=14_000, log_sd=0.75)


def pods(market: SimulatedMarket, seed: int) -> tuple[LaboratoryPod, ...]:
    """The eight pods of a simulated market, always in this order; the seed decides latencies and stated returns."""
    generator = stream(seed, Purpose.LATENCY)

    def live(
        pod: str,
        package: str,
        profile: ExecutionProfile,
        latency: _Latency,
        parameters: dict[str, Parameter] | None = None,
        stated_returns: FloatArray | None = None,
    ) -> PodSpec:
        return PodSpec(
            pod=pod,
            package=package,
            profile=profile,
            live=True,
            parameters=parameters or {},
            latency_us=_latencies(generator, latency),
            stated_returns=stated_returns,
        )

    return (
        LaboratoryPod(
            live("trend-skilled", "ewmac-trend", PASSIVE, _HOURLY_DECIDER),
            truth="Earns the planted slow drifts and executes patiently: real skill.",
            expected=Expected.PROMOTED,
        ),
        LaboratoryPod(
            live("reversal-skilled", "short-term-reversal", RESTING, _QUICK_DECIDER),
            truth="Earns the planted transient part of prices and executes patiently: real skill, and not the trend's.",
            expected=Expected.PROMOTED,
        ),
        LaboratoryPod(
            live("trend-clone", "ewmac-trend", CLONED, _HOURLY_DECIDER, parameters=dict(CLONE_PARAMETERS)),
            truth="The skilled trend under another name: the pair deserves hardly more than one of them.",
            expected=Expected.PROMOTED,
        ),
        LaboratoryPod(
            live("btc-levered", "btc-levered", PASSIVE, _HOURLY_DECIDER),
            truth="Holds BTC with leverage, and the market climbs along its line. There is no alpha, and funding is a cost.",
            expected=Expected.ZERO,
        ),
        LaboratoryPod(
            live("decayed-edge", DECAYED_EDGE.name, PASSIVE, _HOURLY_DECIDER, stated_returns=decayed_edge_returns(market, seed)),
            truth="Had a strong edge for the first two thirds of the sample and has none since.",
            expected=Expected.ZERO,
            manifest=DECAYED_EDGE,
        ),
        LaboratoryPod(
            live("noise-trader", "noise", PASSIVE, _HOURLY_DECIDER),
            truth="Trades at random.",
            expected=Expected.FLOOR,
        ),
        LaboratoryPod(
            live("trend-hasty", "ewmac-trend", HASTY, _HOURLY_DECIDER),
            truth="Has the trend's signal but crosses the spread with every order, an hour late, at twelve times the usual cost.",
            expected=Expected.FLOOR,
        ),
        LaboratoryPod(
            live("maker-slow", SLOW_MAKER.name, RESTING, _SLOW_MAKER, stated_returns=slow_maker_returns(market, seed)),
            truth="A market maker with fair returns that answers in tens of milliseconds where its class has to answer in a few.",
            expected=Expected.ZERO,
            manifest=SLOW_MAKER,
        ),
    )


def _latencies(generator: np.random.Generator, latency: _Latency) -> FloatArray:
    """(K,) microseconds, whole."""
    ordinary = latency.median_us * np.exp(latency.log_sd * generator.standard_normal(LATENCY_SAMPLES))
    stalls = generator.random(LATENCY_SAMPLES) < latency.stall_share
    return np.asarray(np.round(np.where(stalls, latency.stall_factor * ordinary, ordinary)), dtype=np.float64)
