"""Runs without a lake: made-up records under real inputs."""

from typing import Any

import numpy as np

from domain.arrays import FloatArray
from domain.record import COMPONENTS, Orders, PodRecord
from domain.times import US_PER_DAY
from steps.run_records import Inputs

DAYS = 100
RETURNS = np.random.default_rng(2).normal(1e-3, 0.01, DAYS)


def record(returns: FloatArray = RETURNS) -> PodRecord:
    """Its whole return by price; one order."""
    zero, one = np.zeros(len(returns)), np.ones(1)
    component = {name: returns if name == "price" else zero for name in COMPONENTS}
    index = np.zeros(1, dtype=np.int64)
    day_us = np.arange(len(returns), dtype=np.int64) * US_PER_DAY
    orders = Orders(index, index, index + 1, *([one] * 10))
    return PodRecord("made-up", 1e6, ("BTCUSDT",), day_us, returns, component, zero, zero, zero, one, one, one, orders)


def inputs(**changes: Any) -> Inputs:
    """What the record is said to come from."""
    stated = {
        "strategy": "made-up",
        "version": 1,
        "authors": ["Ada", "Grace"],
        "style": "trend",
        "code": "sha256:" + "a" * 64,
        "files": {"manifest.yaml": "sha256:1", "strategy.py": "sha256:2"},
        "parameters": {"fast": 2, "slow": 8.0},
        "data": {
            "venue": "binance",
            "market": "linear",
            "interval_us": 3_600_000_000,
            "start_us": 0,
            "end_us": DAYS * US_PER_DAY,
            "symbols": ["BTCUSDT"],
            "content_digest": "sha256:c",
            "funding_digest": "sha256:f",
        },
        "terms": {"capital_usd": 1e6, "costs": {"markets": {"linear": {"taker_fee_bps": 5.0}}}},
        "policy": "sha256:p",
        "engine": "sha256:e",
        "environment": "sha256:l",
        "seed": 1,
    }
    return Inputs.parse(stated | changes, "a test")
