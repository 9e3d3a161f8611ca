"""Records, capacities and desks in the fewest words that a test needs."""

from pathlib import Path
from typing import Any

import numpy as np
import yaml

from allocation.capacity import Capacity
from allocation.desk import Desk, Desks
from allocation.request import AllocationRequest, PodCase
from domain.arrays import FloatArray
from domain.record import COMPONENTS, Orders, PodRecord
from domain.tiers import Standing, TierDecision
from domain.times import US_PER_DAY

ROOT = Path(__file__).resolve().parents[3]
DAYS = 400
PLENTY = 1e12


def desk(name: str = "laboratory", **changes: Any) -> Desk:
    """The committed desk with some fields changed."""
    data = yaml.safe_load((ROOT / "config" / "desk.yaml").read_text(encoding="utf-8"))
    return Desk.parse(getattr(Desks.parse(data, "desk.yaml"), name).model_dump() | changes, "test desk")


def days(count: int = DAYS) -> Any:
    return np.arange(count, dtype=np.int64) * US_PER_DAY


def no_orders() -> Orders:
    empty, whole = np.zeros(0), np.zeros(0, dtype=np.int64)
    return Orders(whole, whole, whole, *([empty] * 10))


def record(pod: str, net_return: FloatArray, **changes: Any) -> PodRecord:
    """A record whose whole return is a price return, long half of its capital in one symbol."""
    count = len(net_return)
    values: dict[str, Any] = {
        "pod": pod,
        "capital_usd": 1_000_000.0,
        "symbols": ("BTCUSDT",),
        "day_us": days(count),
        "net_return": net_return,
        "component": {name: net_return if name == "price" else np.zeros(count) for name in COMPONENTS},
        "gross_exposure": np.full(count, 0.5),
        "net_exposure": np.full(count, 0.05),
        "turnover": np.full(count, 0.1),
        "position_mean_abs_usd": np.array([500_000.0]),
        "position_last_usd": np.array([500_000.0]),
        "traded_usd": np.array([100_000.0]),
        "orders": no_orders(),
    }
    return PodRecord(**(values | changes))


def roomy(usd: float | None = PLENTY) -> Capacity:
    """A capacity that sets nothing, or only its own figure."""
    return Capacity(usd, "participation in BTCUSDT", usd, "participation in BTCUSDT", usd)


def case(
    pod: str,
    net_return: FloatArray,
    tier: str = "T1",
    standing: Standing = Standing.PROMOTED,
    capacity: Capacity | None = None,
    reason: str = "",
    **changes: Any,
) -> PodCase:
    decision = TierDecision(pod=pod, tier=tier, standing=standing, reason=reason)
    return PodCase(record(pod, net_return, **changes), decision, capacity or roomy())


def noise(seed: int, count: int = DAYS, volatility: float = 0.008) -> FloatArray:
    return np.random.default_rng(seed).normal(0.001, volatility, count)


def request(*pods: PodCase, on: Desk | None = None, btc: FloatArray | None = None) -> AllocationRequest:
    btc_return = noise(999, volatility=0.03) if btc is None else btc
    return AllocationRequest(on or desk(), pods, days(len(btc_return)), btc_return)
