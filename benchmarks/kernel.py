"""The sweep kernel against vectorbt's full path and a copy of the same bytes, in one run: `python -m benchmarks.kernel`."""

import argparse
import gc
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np

from backtest.sweep import sweep_units
from domain.arrays import FloatArray

FEE_RATE = 0.0005
CASH = 1e9


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--symbols", type=int, default=4)
    options.add_argument("--bars", type=int, default=35_000)
    options.add_argument("--paths", type=int, default=100)
    options.add_argument("--threads", type=int, default=2)
    args = options.parse_args()
    import vectorbt as vbt

    worst = 0.0
    seconds = {"kernel": 0.0, "copy": 0.0, "vectorbt": 0.0}
    _warm_up(vbt)
    for symbol in range(args.symbols):
        close, units = _series(symbol, args.bars, args.paths)
        mine, kernel = _best(lambda c=close, u=units: sweep_units(c, u, FEE_RATE, threads=args.threads), 25)
        target = np.empty_like(units)
        _, copy = _best(lambda t=target, u=units: _copy(t, u, args.threads), 25)
        theirs, oracle = _best(lambda c=close, u=units: _vectorbt(vbt, c, u), 3)
        worst = max(worst, float(np.max(np.abs(mine - theirs) / np.abs(theirs))))
        for name, value in (("kernel", kernel), ("copy", copy), ("vectorbt", oracle)):
            seconds[name] += value
        gc.collect()
    cells = args.symbols * args.bars * args.paths
    print(f"{args.symbols} symbols x {args.bars} bars x {args.paths} paths, {args.threads} threads")
    for name, value in seconds.items():
        print(f"  {name:9s} {value:8.4f} s  {cells / value / 1e6:8.1f} M bars/s")
    print(f"  largest relative difference of a total: {worst:.1e} (limit 1e-9)")
    print(f"  vectorbt / kernel: {seconds['vectorbt'] / seconds['kernel']:.0f}x (at least 100x)")
    print(f"  kernel / copy: {seconds['kernel'] / seconds['copy']:.2f}x (at most 4x)")


def _series(seed: int, bars: int, paths: int) -> tuple[FloatArray, FloatArray]:
    """A price and moving-average crossovers in units, as a sweep of parameter pairs would give them."""
    random = np.random.default_rng(seed)
    close = 100.0 * np.exp(np.cumsum(random.normal(0.0, 0.01, bars)))
    total = np.concatenate([[0.0], np.cumsum(close)])
    units = np.zeros((bars, paths))
    for path in range(paths):
        fast, slow = 4 + path % 10 * 3, 50 + path // 10 * 20
        means = [(total[window:] - total[:-window]) / window for window in (fast, slow)]
        units[slow - 1 :, path] = np.sign(means[0][slow - fast :] - means[1])
    return close, units


def _vectorbt(vbt: Any, close: FloatArray, units: FloatArray) -> FloatArray:
    """The full path: from orders to the total profit of each column."""
    import pandas as pd

    index = pd.date_range("2021-01-01", periods=len(close), freq="1h")
    portfolio = vbt.Portfolio.from_orders(
        pd.Series(close, index=index),
        size=pd.DataFrame(units, index=index),
        size_type="targetamount",
        fees=FEE_RATE,
        init_cash=CASH,
        freq="1h",
    )
    return np.asarray(portfolio.total_profit())


def _copy(target: FloatArray, source: FloatArray, threads: int) -> None:
    """Copy the bytes on as many threads as the kernel has."""
    parts = np.array_split(np.arange(len(source)), threads)
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(lambda part: np.copyto(target[part[0] : part[-1] + 1], source[part[0] : part[-1] + 1]), parts))


def _warm_up(vbt: Any) -> None:
    close, units = _series(0, 1_000, 4)
    sweep_units(close, units, FEE_RATE)
    _vectorbt(vbt, close, units)


def _best(call: Callable[[], Any], repetitions: int) -> tuple[Any, float]:
    """The answer and the least wall time of some repetitions, seconds."""
    least, answer = np.inf, None
    for _ in range(repetitions):
        start = time.perf_counter()
        answer = call()
        least = min(least, time.perf_counter() - start)
    return answer, least


if __name__ == "__main__":
    main()
