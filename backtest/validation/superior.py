"""Whether the best of many strategies beats zero by more than the search explains: SPA and StepM, by arch."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from domain.arrays import FloatArray
from domain.errors import Refused

REPETITIONS = 10_000
LEVEL = 0.05
GUARD_ERRORS = 2.0
"""Monte Carlo errors between a p-value and the level before either side is believed."""


@dataclass(frozen=True)
class Superior:
    """Of (T, K) returns against a benchmark of zero."""

    n_strategies: int
    n_dropped: int
    """Constant columns: they are trials, but no statistic can be read from them."""
    repetitions: int
    block_days: float
    max_t: float
    """Largest mean over its plain standard error: what a search would quote."""
    lower: float
    consistent: float
    """The value to gate on, where there is somebody to test."""
    upper: float
    guard: float
    """Two Monte Carlo errors of a p-value at the level."""
    level: float
    superior: tuple[int, ...]
    """Columns that beat zero with a familywise error of at most `level` (StepM)."""

    @property
    def somebody(self) -> bool:
        """Whether any strategy has a mean above zero; the library's statistic has no floor there, and its p-value no meaning."""
        return self.max_t > 0

    @property
    def outcome(self) -> str:
        """`pass` or `fail` where the p-value lies beyond the guard band, else `undecided`; `fail` where nobody beats zero."""
        if not self.somebody:
            return "fail"
        if self.consistent <= self.level - self.guard:
            return "pass"
        return "fail" if self.consistent >= self.level + self.guard else "undecided"


def superior(
    returns: ArrayLike,
    *,
    seed: int,
    repetitions: int = REPETITIONS,
    block_days: float | None = None,
    level: float = LEVEL,
    matched_volatility: bool = False,
) -> Superior:
    """Hansen's SPA and Romano and Wolf's StepM over every evaluated strategy, stationary bootstrap, one-sided.

    arch compares plain means: its studentising sets the bound of relevance alone. `matched_volatility` gives every column the
    same deviation first, so that a volatile strategy does not decide alone. Where no mean is above zero the outcome fails
    whatever the p-value. `block_days` None: the median of `optimal_block_length`, at least 1.
    Refused on NaN, fewer than 30 days, and without a column that varies.
    Source: Hansen (2005), JBES 23; Romano and Wolf (2005), Econometrica 73; Politis and White (2004) for the block.
    """
    matrix = np.asarray(returns, dtype=np.float64)
    if matrix.ndim != 2 or len(matrix) < 30 or not np.isfinite(matrix).all():
        raise Refused(f"expected finite returns (days, strategies) of at least 30 days, got shape {matrix.shape}")
    kept = np.flatnonzero(matrix.min(axis=0) < matrix.max(axis=0))
    if not kept.size:
        raise Refused("expected at least one strategy that varies, got none: add trials")
    used = matrix[:, kept]
    block = float(block_days) if block_days is not None else block_length(used)
    plain_t = used.mean(axis=0) / used.std(axis=0, ddof=1) * math.sqrt(len(used))
    p, better = _tested(used / used.std(axis=0, ddof=1) if matched_volatility else used, block, repetitions, level, seed)
    return Superior(
        n_strategies=int(kept.size),
        n_dropped=int(matrix.shape[1] - kept.size),
        repetitions=repetitions,
        block_days=block,
        max_t=float(plain_t.max()),
        lower=p["lower"],
        consistent=p["consistent"],
        upper=p["upper"],
        guard=GUARD_ERRORS * math.sqrt(level * (1.0 - level) / repetitions),
        level=level,
        superior=tuple(int(kept[column]) for column in better),
    )


def block_length(returns: FloatArray) -> float:
    """Mean block of the stationary bootstrap for (T, K) returns: the median over columns of the optimal one, at least 1."""
    from arch.bootstrap import optimal_block_length

    lengths = np.asarray(optimal_block_length(returns)["stationary"], dtype=np.float64)
    known = lengths[np.isfinite(lengths)]
    return float(max(1.0, np.median(known))) if known.size else math.sqrt(len(returns))


def _tested(compared: FloatArray, block: float, repetitions: int, level: float, seed: int) -> tuple[dict[str, float], list[int]]:
    """One bootstrap for both: StepM's own SPA gives the p-values once it is asked about all columns again."""
    from arch.bootstrap import StepM

    step = StepM(
        np.zeros(len(compared)),
        -compared,
        size=level,
        block_size=block,  # type: ignore[arg-type]
        reps=repetitions,
        bootstrap="stationary",
        seed=seed,
    )
    step.compute()
    step.spa.subset(np.ones(compared.shape[1], dtype=np.bool_))
    step.spa.compute()
    p = {str(name): float(value) for name, value in step.spa.pvalues.items()}
    return p, sorted(int(str(column)) for column in step.superior_models)
