"""SPA and StepM: 10,000 repetitions on 100 strategies x 1,500 days. Run: `python -m benchmarks.spa [REPETITIONS]`."""

import sys
import time

import numpy as np

from backtest.validation.superior import REPETITIONS, superior

DAYS, STRATEGIES = 1_500, 100
SECONDS_MAX = 10.0


def main(repetitions: int) -> int:
    returns = np.random.default_rng(7).normal(0.0, 0.01, (DAYS, STRATEGIES))
    returns[:, 0] += 0.001
    superior(returns[:100], seed=1, repetitions=10)  # page in
    start = time.perf_counter()
    found = superior(returns, seed=1, repetitions=repetitions)
    seconds = time.perf_counter() - start
    allowed = SECONDS_MAX * repetitions / REPETITIONS
    print(f"SPA and StepM  {seconds:6.2f} s for {repetitions:,} repetitions, {STRATEGIES} x {DAYS:,} (at most {allowed:.1f} s)")
    print(f"               p lower {found.lower:.4f}, consistent {found.consistent:.4f}, upper {found.upper:.4f}")
    return int(seconds > allowed)


if __name__ == "__main__":
    raise SystemExit(main(int(sys.argv[1]) if len(sys.argv) > 1 else REPETITIONS))
