"""A vintage-exact backtest against the plain one, in one run: `python -m benchmarks.vintage`. Exits 1 where the ratio is missed.

20 symbols x 35,000 hourly bars, from bars in memory to the daily record, one per cent of the bars corrected. Batches: each
correction arrives at one moment and speaks of the bars of some hours before it. Scattered: each corrected bar has a moment of
its own. A fresh run at every decision that saw another version is what the exact run must equal: some are compared.
"""

import argparse
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from backtest.research import central_volatility
from backtest.run import run_backtest
from backtest.sizing import Sized, Targets, correlation_so_far, sized
from backtest.view import view_of
from backtest.vintage import VintageTargets, vintage_targets
from backtest.vintage_stretch import rows_of
from benchmarks.kernel import alternately, cost_model
from domain.arrays import FloatArray
from domain.market import Market, Panel
from domain.pod import ExecutionProfile
from domain.times import US_PER_HOUR, US_PER_MINUTE, parse_utc
from domain.versions import Cells
from model_runtime.package import Package, load_package
from model_runtime.predictions import predict

STRATEGIES = Path(__file__).resolve().parents[1] / "strategies"
LAG_US = US_PER_MINUTE
TARGET, CAPITAL_USD = 0.15, 1e6
RATIO_MAX = 1.5
BATCHES = 20
REPETITIONS = 5
FIELDS = ("open", "high", "low", "close", "volume")
PACKAGES = ("short-term-reversal", "breakout", "cross-sectional-momentum", "ewmac-trend")
"""By lookback: 50, 540, 770 and 1,050 bars are shown before each bar that is predicted again."""


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--symbols", type=int, default=20)
    options.add_argument("--bars", type=int, default=35_000)
    args = options.parse_args()
    panel = _market(args.symbols, args.bars)
    missed = 0
    for name in PACKAGES:
        package = load_package(STRATEGIES / name, reviewed=True)
        missed += _measure(panel, package, "batches", _batches(panel, BATCHES), limit=RATIO_MAX)
    package = load_package(STRATEGIES / PACKAGES[0], reviewed=True)
    _measure(panel, package, "scattered", _scattered(panel), limit=None)
    return int(missed > 0)


def _measure(panel: Panel, package: Package, what: str, cells: dict[str, Cells], limit: float | None) -> bool:
    _plain(panel, package)
    (_, plain), (found, exact) = alternately(
        lambda: _plain(panel, package), lambda: _exact(panel, package, cells), REPETITIONS if limit else 1
    )
    _compare(panel, package, cells, found)
    revised = len({*zip(cells["close"].row.tolist(), cells["close"].column.tolist(), strict=True)}) / panel.close.size
    print(
        f"{package.manifest.name:<26}{what:<10} {revised:.1%} of bars, {len(found.epochs):>5} stretches, "
        f"{found.rows_predicted:>9,} bars shown again, {len(found.differing.row):>6,} decisions differ: "
        f"plain {plain:.3f} s, exact {exact:.3f} s, {exact / plain:.2f}x" + (f" (at most {limit}x)" if limit else "")
    )
    return limit is not None and exact > limit * plain


def _ask(package: Package) -> Callable[[Panel, FloatArray], FloatArray]:
    return lambda panel, volatility: predict(package, view_of(panel, volatility, package.manifest.parameters))


def _sized(panel: Panel, package: Package) -> tuple[Sized, FloatArray, FloatArray]:
    volatility = central_volatility(panel)
    prediction = _ask(package)(panel, volatility)
    correlation = correlation_so_far(panel)
    plain = sized(panel, prediction, volatility, correlation, package.manifest, volatility_target_annual=TARGET)
    return plain, prediction, volatility


def _traded(panel: Panel, targets: Targets, volatility: FloatArray) -> Any:
    profile = ExecutionProfile(taker_share=0.5)
    return run_backtest(panel, targets, cost_model(), profile, capital_usd=CAPITAL_USD, pod="a", daily_volatility=volatility)


def _plain(panel: Panel, package: Package) -> Any:
    plain, _, volatility = _sized(panel, package)
    return _traded(panel, plain.targets, volatility)


def _exact(panel: Panel, package: Package, cells: dict[str, Cells]) -> VintageTargets:
    plain, prediction, volatility = _sized(panel, package)
    found = vintage_targets(
        panel,
        cells,
        plain,
        prediction,
        volatility,
        _ask(package),
        package.manifest,
        decision_lag_us=LAG_US,
        volatility_target_annual=TARGET,
    )
    _traded(panel, found.targets, volatility)
    return found


def _compare(panel: Panel, package: Package, cells: dict[str, Cells], found: VintageTargets) -> None:
    """Five decisions that saw another version, each against a fresh run on the data of its time."""
    rows = np.flatnonzero(found.seen_otherwise & found.targets.decides)
    for t in rows[np.linspace(0, len(rows) - 1, 5).astype(np.int64)].tolist():
        moment, changed = int(panel.close_time_us[t]) + LAG_US, {}
        for name, one in cells.items():
            changed[name] = getattr(panel, name).copy()
            seen = (one.from_us <= moment) & (moment < one.until_us)
            changed[name][one.row[seen], one.column[seen]] = one.value[seen]
        then = rows_of(replace(panel, **changed), slice(0, t + 1))
        fresh, _, _ = _sized(then, package)
        units = found.targets.weight[t] / panel.close[t]
        if not np.allclose(units, fresh.targets.weight[t] / then.close[t], rtol=1e-9, atol=1e-15, equal_nan=True):
            raise SystemExit(f"{package.manifest.name}: the decision of bar {t} is not that of a fresh run")


def _batches(panel: Panel, count: int) -> dict[str, Cells]:
    """One bar in a hundred in blocks of hours over all symbols, corrected a day after the block."""
    random = np.random.default_rng(2)
    hours = round(0.01 * len(panel.close) / count)
    first = np.sort(random.integers(2_000, len(panel.close) - 200, count))
    row = (first[:, None] + np.arange(hours)).ravel()
    until = np.repeat(panel.close_time_us[first + hours + 24], hours)
    symbols = len(panel.symbols)
    return _wrong(panel, np.repeat(row, symbols), np.tile(np.arange(symbols), len(row)), np.repeat(until, symbols), random)


def _scattered(panel: Panel) -> dict[str, Cells]:
    """One bar in a hundred anywhere, each corrected about a day later at a moment of its own."""
    random = np.random.default_rng(3)
    place = random.choice(panel.close.size, panel.close.size // 100, replace=False)
    row, column = np.unravel_index(np.sort(place), panel.close.shape)
    late = np.minimum(row + random.integers(1, 48, len(row)), len(panel.close) - 1)
    return _wrong(panel, row, column, panel.close_time_us[late], random)


def _wrong(panel: Panel, row: Any, column: Any, until: Any, random: np.random.Generator) -> dict[str, Cells]:
    factor = 1.0 + random.normal(0.0, 0.003, len(row))
    once = np.unique(row * panel.close.shape[1] + column, return_index=True)[1]
    row, column, until, factor = row[once], column[once], until[once], factor[once]
    nowhere = np.zeros(len(row), dtype=np.int64)
    return {name: Cells(row, column, nowhere, until, getattr(panel, name)[row, column] * factor) for name in FIELDS}


def _market(symbols: int, bars: int) -> Panel:
    random = np.random.default_rng(1)
    shape = (bars // 24 * 24, symbols)
    close = 100.0 * np.exp(np.cumsum(random.normal(0.0, 0.007, shape), axis=0))
    opens = np.vstack([close[:1], close[:-1]])
    spread = np.abs(random.normal(0.0, 0.003, shape))
    volume = random.exponential(1e6, shape)
    return Panel(
        venue="made-up",
        market=Market.LINEAR,
        interval_us=US_PER_HOUR,
        symbols=tuple(f"S{number:02d}USDT" for number in range(symbols)),
        open_time_us=parse_utc("2021-01-01") + np.arange(shape[0], dtype=np.int64) * US_PER_HOUR,
        open=opens,
        high=np.maximum(opens, close) * (1.0 + spread),
        low=np.minimum(opens, close) * (1.0 - spread),
        close=close,
        volume=volume,
        taker_buy_volume=0.5 * volume,
        funding_rate=np.zeros(shape),
    )


if __name__ == "__main__":
    sys.exit(main())
