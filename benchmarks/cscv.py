"""CSCV against the direct loop: 1,000 trials x 2,000 days, 16 blocks. Run: `python -m benchmarks.cscv [COMBINATIONS]`.

The direct loop slices the matrix for each choice and computes Sharpe ratios and ranks. Running it over all 12,870 choices takes
minutes, so it is timed on choices spread evenly over them and scaled; the ranks of those choices must be identical. Give 12870 to
run it whole.
"""

import sys
import time
from itertools import combinations, islice
from math import comb

import numpy as np
from scipy.stats import rankdata

from backtest.cscv import cscv
from domain.arrays import FloatArray

DAYS, TRIALS, BLOCKS = 2_000, 1_000, 16
REQUIRED_RATIO = 500
REPETITIONS = 5


def direct(returns: FloatArray, chosen: list[tuple[int, ...]]) -> tuple[list[int], list[float]]:
    """Selected column and its out-of-sample rank for each choice, the plain way."""
    blocks = np.split(np.arange(len(returns)), BLOCKS)
    selected, ranks = [], []
    for choice in chosen:
        inside = np.concatenate([blocks[block] for block in choice])
        outside = np.concatenate([blocks[block] for block in range(BLOCKS) if block not in choice])
        in_sample, out_of_sample = (part.mean(axis=0) / part.std(axis=0, ddof=1) for part in (returns[inside], returns[outside]))
        selected.append(int(in_sample.argmax()))
        ranks.append(float(rankdata(out_of_sample)[selected[-1]]))
    return selected, ranks


def main(sample: int) -> int:
    returns = np.random.default_rng(7).normal(0.0003, 0.01, (DAYS, TRIALS))
    total = comb(BLOCKS, BLOCKS // 2)
    stride = max(1, total // sample)
    chosen = list(islice(combinations(range(BLOCKS), BLOCKS // 2), 0, None, stride))
    cscv(returns, BLOCKS)  # page in

    seconds = []
    for _ in range(REPETITIONS):
        start = time.perf_counter()
        fast = cscv(returns, BLOCKS)
        seconds.append(time.perf_counter() - start)
    ours = float(np.median(seconds))
    start = time.perf_counter()
    selected, ranks = direct(returns, chosen)
    measured = time.perf_counter() - start
    whole = measured * total / len(chosen)

    identical = selected == fast.selected_column[::stride].tolist() and ranks == fast.oos_rank[::stride].tolist()
    ratio = whole / ours
    print(f"cscv         {ours:8.3f} s for all {total} choices (median of {REPETITIONS})")
    print(f"direct loop  {whole:8.1f} s, scaled from {measured:.1f} s for {len(chosen)} choices spread over all of them")
    print(f"ratio        {ratio:8.0f} x (at least {REQUIRED_RATIO} asked); ranks {'identical' if identical else 'DIFFER'}")
    return int(not identical or ratio < REQUIRED_RATIO)


if __name__ == "__main__":
    raise SystemExit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 200))
