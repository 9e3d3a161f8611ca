"""Probability of backtest overfitting by combinatorially symmetric cross-validation (CSCV).

Rows are cut into S equal blocks; every choice of S/2 of them is one in-sample half and the rest its out-of-sample half. The trial
with the best in-sample Sharpe ratio is ranked among all trials out of sample. Source: Bailey, Borwein, Lopez de Prado and Zhu
(2015), Journal of Computational Finance.

Fast because a half's mean and variance follow from its blocks' sums and sums of squares. The sums of every subset of the older
and of the newer S/2 blocks are tabulated once; a half is then one row of either table. Each column meets the same additions in
the same order, so that equal columns stay exactly equal, whatever the linear algebra library. A choice and its complement share
their work.

On a plateau of equally good trials the best of one half ranks anywhere in the other: the published share is near one half
although nothing was overfitted. The gating value therefore counts a half only where the choice also cost something (`WORTH`).
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations

import numpy as np
from numpy.typing import ArrayLike

from domain.arrays import BoolArray, FloatArray, IntArray
from domain.errors import Refused

MAX_BLOCKS = 20
WORTH = 0.5
"""A selected trial that earns at least this share of what half of all trials exceed has cost nothing that matters."""
TIE = 1e-12
"""Per-period Sharpe ratios closer than this are equal: scaled copies of a trial differ by rounding alone."""


@dataclass(frozen=True)
class Cscv:
    """What the selection procedure does out of sample. Arrays have one entry for each choice, in lexicographic order."""

    n_combinations: int
    n_trials: int
    """Columns ranked."""
    n_dropped: int
    """Columns left out because their Sharpe ratio is undefined in some half; they are trials all the same."""
    pbo_strict: float
    """Share of choices whose selected trial ranks below the median out of sample."""
    pbo_nonstrict: float
    """The same, at or below."""
    pbo_material: float
    """Of these, where the selected trial loses or more than half of all trials earn over 1 / WORTH times as much: the value to
    gate on."""
    n_lambda_zero: int
    mean_lambda: float
    slope_oos_on_is: float | None
    """OLS slope of out-of-sample on in-sample Sharpe ratios of the selected trials; None where the latter do not vary."""
    p_loss: float
    """Share of choices whose selected trial loses out of sample."""
    selected_column: IntArray
    """Index into the columns as given."""
    oos_rank: FloatArray
    """Ascending from 1; ties share their average rank."""
    oos_lambda: FloatArray
    """Logit of rank / (N + 1)."""
    undefined: str
    """Empty, or why no PBO may be read from this."""

    @property
    def pbo(self) -> float | None:
        """The gating value, None where undefined."""
        return None if self.undefined else self.pbo_material


def cscv(returns: ArrayLike, blocks: int = 16) -> Cscv:
    """PBO of choosing the best Sharpe ratio among the columns of (T, N) returns; every evaluated trial belongs in it.

    The oldest T mod S rows are dropped. Ties in sample go to the first column, so order the columns by a stable id.
    Undefined, with the reason, where all trials tie in every choice. Refused on NaN, on fewer than 2 usable columns, on S odd or
    outside 2..20, and on fewer than 2 rows in a half.
    """
    matrix = _checked(returns, blocks)
    kept = np.flatnonzero(_defined_in_every_half(matrix, blocks))
    if kept.size < 2:
        raise Refused(f"expected at least 2 trials that vary in every half, got {kept.size} of {matrix.shape[1]}: add trials")
    used = matrix if kept.size == matrix.shape[1] else matrix[:, kept]
    choices = _choices(blocks)
    outcome = _Outcome.empty(len(choices))
    for rows, complement_rows, first, second in _Halves(used, choices, blocks).pairs():
        outcome.judge(rows, first, second)
        outcome.judge(complement_rows, second, first)
    return _summary(outcome, _losses(used, choices, outcome, blocks), kept, matrix.shape[1])


def _checked(returns: ArrayLike, blocks: int) -> FloatArray:
    matrix = np.asarray(returns, dtype=np.float64)
    if blocks % 2 or not 2 <= blocks <= MAX_BLOCKS:
        raise Refused(f"expected an even number of blocks from 2 to {MAX_BLOCKS}, got {blocks}")
    if matrix.ndim != 2 or matrix.shape[0] < max(blocks, 4):
        raise Refused(
            f"expected returns (days, trials) of at least {max(blocks, 4)} days for {blocks} blocks, got {matrix.shape}"
        )
    missing = int(np.count_nonzero(~np.isfinite(matrix)))
    if missing:
        raise Refused(f"expected finite returns, got {missing} missing or infinite: cut all trials to the days that they share")
    return np.ascontiguousarray(matrix[matrix.shape[0] % blocks :])


def _defined_in_every_half(matrix: FloatArray, blocks: int) -> BoolArray:
    """(N,) whether no S/2 blocks hold one and the same constant."""
    by_block = matrix.reshape(blocks, -1, matrix.shape[1])
    constant = by_block.min(axis=1) == by_block.max(axis=1)
    value = by_block[:, 0]
    alike = np.stack([np.sum(constant & constant[block] & (value == value[block]), axis=0) for block in range(blocks)])
    return np.asarray(alike.max(axis=0) < blocks // 2)


@dataclass(frozen=True)
class _Outcome:
    """One entry for each choice, filled as the choices are met."""

    in_sample: FloatArray
    out_of_sample: FloatArray
    rank: FloatArray
    selected: IntArray
    all_tie: BoolArray
    costly: BoolArray

    @classmethod
    def empty(cls, count: int) -> "_Outcome":
        number, index, truth = np.empty(count), np.empty(count, dtype=np.int64), np.zeros(count, dtype=np.bool_)
        return cls(number, number.copy(), number.copy(), index, truth, truth.copy())

    def judge(self, rows: IntArray, in_sample: FloatArray, out_of_sample: FloatArray) -> None:
        """Select on (C, N) in-sample metrics and rank on the out-of-sample ones."""
        best = in_sample.max(axis=1, keepdims=True)
        selected = (in_sample >= best - TIE).argmax(axis=1)
        choice = np.arange(len(rows))
        own = out_of_sample[choice, selected][:, None]
        below = np.count_nonzero(out_of_sample < own - TIE, axis=1)
        up_to = np.count_nonzero(out_of_sample <= own + TIE, axis=1)
        self.rank[rows] = (below + up_to + 1) / 2.0
        self.selected[rows] = selected
        self.in_sample[rows] = in_sample[choice, selected]
        self.out_of_sample[rows] = own[:, 0]
        self.all_tie[rows] = up_to - below == out_of_sample.shape[1]
        self.costly[rows] = _costly(own, out_of_sample, below + up_to <= out_of_sample.shape[1])


def _costly(own: FloatArray, out_of_sample: FloatArray, low: BoolArray) -> BoolArray:
    """(C,) of the choices ranked at or below the median, those whose trial loses or is beaten `1 / WORTH` times by most."""
    costly = low & (own[:, 0] < 0)
    open_to_doubt = np.flatnonzero(low & ~costly)
    ahead = np.count_nonzero(out_of_sample[open_to_doubt] > own[open_to_doubt] / WORTH + TIE, axis=1)
    costly[open_to_doubt] = 2 * ahead > out_of_sample.shape[1]
    return costly


class _Halves:
    """Sharpe ratios of all trials in every half."""

    def __init__(self, matrix: FloatArray, choices: IntArray, blocks: int) -> None:
        self._width = blocks // 2
        days = len(matrix) // 2
        centre = matrix.mean(axis=0)
        by_block = (matrix - centre).reshape(blocks, -1, matrix.shape[1])
        # Scaled so that a half's variance (ddof 1) is its squares less its sum squared.
        self._scale = math.sqrt((days - 1) / days)
        self._centre = centre / self._scale
        self._sums = _Table(by_block.sum(axis=1) / math.sqrt(days * (days - 1)), self._width)
        self._squares = _Table(np.square(by_block).sum(axis=1) / (days - 1), self._width)
        self._position = np.full(1 << blocks, -1, dtype=np.int64)
        self._position[np.sum(1 << choices, axis=1)] = np.arange(len(choices))

    def pairs(self) -> Iterator[tuple[IntArray, IntArray, FloatArray, FloatArray]]:
        """Positions of some choices and of their complements, with the (C, N) metrics of both; each choice comes once.

        The metrics lie in buffers that the next step overwrites: fresh pages for each would cost more than the arithmetic.
        """
        full = (1 << self._width) - 1
        room = np.empty((4, math.comb(self._width, self._width // 2), self._centre.size))
        for old in range(1, full + 1, 2):  # the choices that hold the oldest block; the others are their complements
            new = _masks(self._width, self._width - old.bit_count())
            first, second, *scratch = room[:, : len(new)]
            self._metric(old, first, *scratch)
            self._metric(full ^ old, second, *scratch)
            rows = self._position[old | new << self._width]
            complement_rows = self._position[(full ^ old) | (full ^ new) << self._width]
            # Masks of one size rise, so their complements fall: the complements' metrics come in reverse.
            yield rows, complement_rows, first, second[::-1]

    def _metric(self, old: int, metric: FloatArray, deviation: FloatArray, square: FloatArray) -> None:
        """Mean over standard deviation of the halves with these old blocks and each set of new ones, into `metric` (C, N)."""
        self._sums.with_old(old, metric)
        self._squares.with_old(old, deviation)
        deviation -= np.square(metric, out=square)
        np.sqrt(deviation, out=deviation)
        metric += self._centre
        metric /= deviation
        metric *= self._scale


class _Table:
    """Sums over every subset of the older and of the newer half of the blocks; a subset is a bit mask."""

    def __init__(self, parts: FloatArray, width: int) -> None:
        self._old = _subset_sums(parts[:width])
        new = _subset_sums(parts[width:])
        self._new_by_size = [new[_masks(width, size)] for size in range(width + 1)]

    def with_old(self, old: int, out: FloatArray) -> None:
        """Sums of these old blocks and as many new ones as make up a half, new masks rising, into `out` (C, N)."""
        size = len(self._new_by_size) - 1 - old.bit_count()
        np.add(self._new_by_size[size], self._old[old], out=out)


def _subset_sums(parts: FloatArray) -> FloatArray:
    """(B, N) -> (2^B, N): row m sums the parts whose bits are set in m, in time order."""
    sums = np.zeros((1 << len(parts), parts.shape[1]))
    for bit, part in enumerate(parts):
        np.add(sums[: 1 << bit], part, out=sums[1 << bit : 2 << bit])
    return sums


@lru_cache
def _choices(blocks: int) -> IntArray:
    """(C, S/2) blocks of every choice, in lexicographic order."""
    return np.array(list(combinations(range(blocks), blocks // 2)), dtype=np.int64)


@lru_cache
def _masks(width: int, size: int) -> IntArray:
    """Bit masks below 2^width with `size` bits set, rising."""
    return np.array([mask for mask in range(1 << width) if mask.bit_count() == size], dtype=np.int64)


def _losses(matrix: FloatArray, choices: IntArray, outcome: _Outcome, blocks: int) -> BoolArray:
    """(C,) whether the selected trial loses out of sample.

    A mean within rounding of zero has the sign of the rows themselves, added in time order: what the plain loop would find.
    """
    losing = outcome.out_of_sample < 0
    by_block = matrix.reshape(blocks, -1, matrix.shape[1])
    for row in np.flatnonzero(np.abs(outcome.out_of_sample) <= TIE):
        outside = np.delete(by_block[:, :, outcome.selected[row]], choices[row], axis=0)
        losing[row] = np.cumsum(outside)[-1] < 0
    return losing


def _summary(outcome: _Outcome, losing: BoolArray, kept: IntArray, n_columns: int) -> Cscv:
    n = kept.size
    logit = np.log(outcome.rank / (n + 1 - outcome.rank))
    spread = outcome.in_sample - outcome.in_sample.mean()
    varies = bool(np.ptp(outcome.in_sample) > TIE)
    return Cscv(
        n_combinations=logit.size,
        n_trials=n,
        n_dropped=n_columns - n,
        pbo_strict=float(np.mean(logit < 0)),
        pbo_nonstrict=float(np.mean(logit <= 0)),
        pbo_material=float(np.mean(outcome.costly)),
        n_lambda_zero=int(np.count_nonzero(logit == 0)),
        mean_lambda=float(logit.mean()),
        slope_oos_on_is=float(np.sum(spread * outcome.out_of_sample) / np.sum(spread**2)) if varies else None,
        p_loss=float(np.mean(losing)),
        selected_column=kept[outcome.selected],
        oos_rank=outcome.rank,
        oos_lambda=logit,
        undefined="all trials tie in every choice" if outcome.all_tie.all() else "",
    )
