"""Overfitting that costs something: PBO without the halves in which the choice hardly mattered.

On a plateau of equally good parameters the best of one half ranks anywhere in the other, so that PBO is near one half although
nothing was overfitted. A half counts here only where the chosen configuration falls to the median or below *and* earns less
than `WORTH` of what the median configuration earns there, as every loss at or below the median does. Pure noise keeps nearly
all of its count.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations
from math import comb

import numpy as np
from numpy.typing import ArrayLike

from domain.arrays import BoolArray, FloatArray
from domain.errors import Refused

WORTH = 0.5
TIE = 1e-12
CELLS_MAX = 4_000_000
"""Sharpe ratios held at once."""


@dataclass(frozen=True)
class MaterialPbo:
    """Shares of all choices of half the blocks."""

    plain: float
    """At or below the median, as `cscv.pbo_nonstrict`."""
    material: float
    """Of these, and worth less than half of the median configuration."""
    p_loss: float
    """The chosen configuration loses out of sample."""


def material_pbo(returns: ArrayLike, blocks: int = 16) -> MaterialPbo:
    """Of (T, N) returns; the oldest T mod S rows are dropped, ties in sample go to the first column.

    Refused on NaN, on S odd or outside 2..20, on fewer than 2 rows in a block, and where a column is constant in some half:
    its Sharpe ratio is undefined.
    """
    matrix = np.asarray(returns, dtype=np.float64)
    if blocks % 2 or not 2 <= blocks <= 20 or matrix.ndim != 2 or len(matrix) < 2 * blocks or not np.isfinite(matrix).all():
        raise Refused(
            f"expected finite returns of at least 2 rows in each of an even 2 to 20 blocks, got {matrix.shape}, {blocks}"
        )
    matrix = matrix[len(matrix) % blocks :]
    total = comb(blocks, blocks // 2)
    plain = material = loss = 0
    for in_sample, out_of_sample in _halves(matrix, blocks):
        chosen = (in_sample >= in_sample.max(axis=1, keepdims=True) - TIE).argmax(axis=1)
        own = out_of_sample[np.arange(len(chosen)), chosen]
        below = np.count_nonzero(out_of_sample < own[:, None] - TIE, axis=1)
        up_to = np.count_nonzero(out_of_sample <= own[:, None] + TIE, axis=1)
        low = (below + up_to + 1) / 2.0 <= (out_of_sample.shape[1] + 1) / 2.0
        median = np.median(out_of_sample, axis=1)
        plain += int(low.sum())
        material += int((low & (own < WORTH * median - TIE)).sum())
        loss += int((own < 0).sum())
    return MaterialPbo(plain / total, material / total, loss / total)


def _halves(matrix: FloatArray, blocks: int) -> Iterator[tuple[FloatArray, FloatArray]]:
    """(C, N) Sharpe ratios per period in and out of sample, some choices at a time."""
    by_block = matrix.reshape(blocks, -1, matrix.shape[1])
    sums, squares, rows = by_block.sum(axis=1), np.square(by_block).sum(axis=1), len(matrix) // 2
    choices = np.zeros((comb(blocks, blocks // 2), blocks), dtype=np.bool_)
    for row, chosen in enumerate(combinations(range(blocks), blocks // 2)):
        choices[row, list(chosen)] = True
    step = max(1, CELLS_MAX // matrix.shape[1])
    for first in range(0, len(choices), step):
        part = choices[first : first + step]
        yield _sharpe(part, sums, squares, rows), _sharpe(~part, sums, squares, rows)


def _sharpe(part: BoolArray, sums: FloatArray, squares: FloatArray, rows: int) -> FloatArray:
    mean = part @ sums / rows
    variance = (part @ squares / rows - mean**2) * rows / (rows - 1)
    if variance.min() <= TIE * squares.max() / rows:
        raise Refused("expected configurations that vary in every half: drop the constant ones and count them as trials")
    return np.asarray(mean / np.sqrt(variance))
