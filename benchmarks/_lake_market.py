"""Bars for the lake's benchmarks, and how they are timed."""

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from domain.market import Market
from domain.times import US_PER_HOUR, parse_utc

START_US = parse_utc("2020-01-01")
NOW_US = parse_utc("2026-06-01")
REVISED_US = parse_utc("2026-01-01")
SAID: dict[str, Any] = {"venue": "v", "market": Market.SPOT, "received_us": NOW_US}
HOUR: dict[str, Any] = {"venue": "v", "market": Market.SPOT, "interval_us": US_PER_HOUR}


@dataclass(frozen=True)
class Cost:
    """Least of several repetitions: seconds on the wall, and seconds of all processors together."""

    wall_s: float
    cpu_s: float

    def __str__(self) -> str:
        return f"{self.wall_s:.3f} s (CPU {self.cpu_s:.3f} s)"


def timed(call: Callable[[], Any]) -> tuple[Any, Cost]:
    start, used = time.perf_counter(), time.process_time()
    answer = call()
    return answer, Cost(time.perf_counter() - start, time.process_time() - used)


def in_turns(calls: Mapping[str, Callable[[], Any]], repetitions: int) -> dict[str, Cost]:
    """Each call once in every round, so that a busy moment of the machine strikes all of them."""
    costs: dict[str, list[Cost]] = {name: [] for name in calls}
    for _ in range(repetitions):
        for name, call in calls.items():
            costs[name].append(timed(call)[1])
    return {name: least(seen) for name, seen in costs.items()}


def least(costs: list[Cost]) -> Cost:
    return Cost(min(cost.wall_s for cost in costs), min(cost.cpu_s for cost in costs))


def told(what: str, mine: Cost, theirs: Cost, limit: float) -> list[str]:
    """Print both and their ratio; the name where the ratio of wall times is above the limit."""
    ratio = mine.wall_s / theirs.wall_s
    by_cpu = mine.cpu_s / theirs.cpu_s
    print(f"  {what}: {mine} against {theirs}: {ratio:.2f}x, by CPU {by_cpu:.2f}x (at most {limit}x)", flush=True)
    return [what] if ratio > limit else []


def bars(symbols: int, steps: int, step_us: int = US_PER_HOUR, seed: int = 0) -> pl.DataFrame:
    """Prices with two decimals, as an exchange prints them: all symbols, by symbol and time."""
    return pl.concat(rows for _, rows in bars_by_symbol(symbols, steps, step_us, seed))


def bars_by_symbol(symbols: int, steps: int, step_us: int = US_PER_HOUR, seed: int = 0) -> Iterator[tuple[str, pl.DataFrame]]:
    random = np.random.default_rng(seed)
    for number in range(symbols):
        close = np.round(100 * np.exp(np.cumsum(random.normal(0, 0.005, steps) - 1e-5)) + 1, 2)
        opens = np.concatenate([close[:1], close[:-1]])
        spread = np.round(close * np.abs(random.normal(0, 0.002, steps)), 2)
        yield (
            symbol(number),
            pl.DataFrame(
                {
                    "symbol": np.repeat(symbol(number), steps),
                    "open_time": START_US + np.arange(steps) * step_us,
                    "open": opens,
                    "high": np.round(np.maximum(opens, close) + spread, 2),
                    "low": np.round(np.maximum(np.minimum(opens, close) - spread, 0.01), 2),
                    "close": close,
                    "volume": np.round(random.gamma(2.0, 50.0, steps), 3),
                    "quote_volume": np.round(random.gamma(2.0, 5000.0, steps), 2),
                    "trades": random.integers(1, 5000, steps),
                }
            ),
        )


def one_percent_revised(frame: pl.DataFrame) -> pl.DataFrame:
    """One row of a hundred, anywhere, with another close between its open and its close."""
    random = np.random.default_rng(1)
    chosen = np.sort(random.choice(len(frame), len(frame) // 100, replace=False))
    return frame[chosen].with_columns(close=(pl.col("open") + pl.col("close")) / 2)


def symbol(number: int) -> str:
    return f"S{number:04d}USDT"
