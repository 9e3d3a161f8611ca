"""What choosing the best configuration earns on days that took no part in the choice."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import spearmanr

from backtest.validation.splits import Split, combinatorial_splits, path_table, walk_forward_splits
from domain.arrays import FloatArray, IntArray
from domain.errors import Refused
from domain.times import DAYS_PER_YEAR

MIN_DAYS = 20
"""Fewer days on either side give no Sharpe ratio that a choice could rest on."""


@dataclass(frozen=True)
class CrossValidation:
    """Combinatorial purged cross-validation of the choice. Sharpe ratios are annual; NaN where undefined."""

    chosen: IntArray
    """(S,) column chosen in training, by split."""
    in_sample: FloatArray
    """(S,) of the chosen column, in training."""
    out_of_sample: FloatArray
    """(S,) of the same column, in the test groups."""
    paths: FloatArray
    """(P, T) daily returns of the complete out-of-sample paths. They share data: a picture of luck, not P observations."""
    path_sharpe: FloatArray
    """(P,)"""


@dataclass(frozen=True)
class Walk:
    """Out-of-sample days of a walk forward, joined."""

    rows: IntArray
    """(M,) days tested."""
    returns: FloatArray
    """(M,) of the column that was best before each test."""
    chosen: IntArray
    """(W,) by test."""
    sharpe: float


@dataclass(frozen=True)
class SideBySide:
    """Every configuration before and after one cut; annual Sharpe ratios, (K,) each."""

    cut: int
    """First out-of-sample row."""
    in_sample: FloatArray
    out_of_sample: FloatArray
    rank_correlation: float | None
    """Spearman; None with fewer than 3 configurations or where a side does not vary."""
    best: int
    """Best in sample; the first of equals."""


def cross_validate(
    returns: ArrayLike, *, groups: int = 10, tested: int = 2, horizon: int = 1, embargo: int = 0
) -> CrossValidation:
    """Choose the best Sharpe ratio of (T, K) daily returns in every training set and follow it through the test groups.

    `horizon` and `embargo` in days: a day's return needs its own day (1), and positions that are held on speak for an embargo
    of the holding period. Refused on NaN or too few days.
    """
    matrix = _checked(returns)
    splits = list(combinatorial_splits(len(matrix), groups, tested, horizon, embargo=embargo))
    chosen = np.array([_best(matrix, split) for split in splits], dtype=np.int64)
    table, edges = path_table(groups, tested), np.cumsum([0, *(len(part) for part in np.array_split(matrix, groups))])
    paths = np.empty((len(table), len(matrix)))
    for number, row in enumerate(table):
        for group, split in enumerate(row):
            days = slice(edges[group], edges[group + 1])
            paths[number, days] = matrix[days, chosen[split]]
    return CrossValidation(
        chosen=chosen,
        in_sample=np.array([sharpes(matrix[split.train])[column] for split, column in zip(splits, chosen, strict=True)]),
        out_of_sample=np.array([sharpes(matrix[split.test])[column] for split, column in zip(splits, chosen, strict=True)]),
        paths=paths,
        path_sharpe=sharpes(paths.T),
    )


def walk_forward(returns: ArrayLike, train: int, test: int, *, anchored: bool, gap: int = 1) -> Walk:
    """Choose on the days before (all of them, or the last `train`), skip `gap`, hold the choice for `test` days, repeat."""
    matrix = _checked(returns)
    splits = list(walk_forward_splits(len(matrix), train, test, anchored=anchored, gap=gap))
    chosen = np.array([_best(matrix, split) for split in splits], dtype=np.int64)
    held = [matrix[split.test, column] for split, column in zip(splits, chosen, strict=True)]
    joined = np.concatenate(held)
    return Walk(np.concatenate([split.test for split in splits]), joined, chosen, float(sharpes(joined[:, None])[0]))


def side_by_side(returns: ArrayLike, in_sample_share: float = 0.7) -> SideBySide:
    """Cut (T, K) daily returns once and show every configuration on both sides."""
    matrix = _checked(returns)
    cut = round(len(matrix) * in_sample_share)
    if cut < MIN_DAYS or len(matrix) - cut < MIN_DAYS:
        raise Refused(f"expected at least {MIN_DAYS} days on either side, got {cut} and {len(matrix) - cut}")
    before, after = sharpes(matrix[:cut]), sharpes(matrix[cut:])
    both = np.isfinite(before) & np.isfinite(after)
    enough = both.sum() >= 3 and np.ptp(before[both]) > 0 and np.ptp(after[both]) > 0
    rank = float(spearmanr(before[both], after[both]).statistic) if enough else None
    return SideBySide(cut, before, after, rank, _argmax(before))


def sharpes(returns: FloatArray) -> FloatArray:
    """(K,) annual Sharpe ratios of (T, K) daily returns; NaN where a column does not vary."""
    deviation = returns.std(axis=0, ddof=1)
    varies = returns.min(axis=0) < returns.max(axis=0)
    return np.where(varies, returns.mean(axis=0) / np.where(varies, deviation, 1.0), np.nan) * math.sqrt(DAYS_PER_YEAR)


def _best(matrix: FloatArray, split: Split) -> int:
    if len(split.train) < MIN_DAYS:
        raise Refused(f"expected at least {MIN_DAYS} training days in every split, got {len(split.train)}: use fewer groups")
    return _argmax(sharpes(matrix[split.train]))


def _argmax(values: FloatArray) -> int:
    if not np.isfinite(values).any():
        raise Refused("expected at least one configuration that varies in training, got none")
    return int(np.nanargmax(values))


def _checked(returns: ArrayLike) -> FloatArray:
    matrix = np.asarray(returns, dtype=np.float64)
    if matrix.ndim != 2 or not np.isfinite(matrix).all() or len(matrix) < 2 * MIN_DAYS:
        raise Refused(f"expected finite returns (days, configurations) of at least {2 * MIN_DAYS} days, got {matrix.shape}")
    return matrix
