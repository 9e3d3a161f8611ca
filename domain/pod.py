"""A pod as the centre knows it: what runs, how it executes, and what is measured of it."""

from dataclasses import dataclass, field

from domain.arrays import FloatArray
from domain.strategy import Parameter


@dataclass(frozen=True)
class ExecutionProfile:
    """How a pod turns decisions into fills."""

    taker_share: float
    """Share of each order's quantity that crosses the spread; the rest rests as a maker."""
    delay_bars: int = 0
    """Bars between the first possible fill and the actual release."""
    participation_max: float = 0.05
    """Largest share of a bar's volume that it takes; the rest of the order goes unfilled."""
    cost_multiplier: float = 1.0
    """Spread and impact against those of a well-executed order."""
    leverage_max: float | None = None
    """The pod's own bound on gross exposure over equity; the account's may be tighter, and the tighter one counts."""


@dataclass(frozen=True)
class PodSpec:
    """A package with an execution profile, or a stated return stream (`stated_returns`, (D,) daily fractions)."""

    pod: str
    package: str
    """Name of the package under `strategies/`; of a stated stream, the name of its manifest there or in the laboratory."""
    profile: ExecutionProfile
    live: bool
    parameters: dict[str, Parameter] = field(default_factory=dict)
    """Overrides of the manifest's."""
    latency_us: FloatArray | None = None
    """(K,) measured decision latencies of a live pod, microseconds; None where none is measured."""
    latency_interval_us: float = 0.0
    """Expected interval between measurements of a closed-loop sampler; 0 where they are event-driven."""
    stated_returns: FloatArray | None = None
