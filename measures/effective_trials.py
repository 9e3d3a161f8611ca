"""How many independent trials a set of correlated ones amounts to."""

from dataclasses import dataclass

import numpy as np

from domain.arrays import FloatArray
from domain.errors import Refused


@dataclass(frozen=True)
class EffectiveTrials:
    """Three answers, each between 1 and N for a correlation matrix of N trials."""

    effective_rank: float
    """exp(entropy of the normalised eigenvalues). Source: Roy and Vetterli (2007)."""
    participation_ratio: float
    """(sum of eigenvalues)^2 / sum of their squares, which is trace^2 / sum of squared correlations."""
    mean_correlation_rule: float
    """rho + (1 - rho) N with the mean off-diagonal correlation rho."""


def effective_trials(correlation: FloatArray) -> EffectiveTrials:
    """From an (N, N) correlation matrix; trials with undefined correlation are to be left out and counted whole by the caller.

    Raises Refused where the matrix is not square and finite.
    """
    if correlation.ndim != 2 or correlation.shape[0] != correlation.shape[1] or not np.isfinite(correlation).all():
        raise Refused(f"expected a finite square correlation matrix, got shape {correlation.shape}; drop constant trials first")
    n = len(correlation)
    eigenvalues = np.linalg.eigvalsh(correlation)
    # Pairwise correlations need not be positive semi-definite: what is negative carries no variance, and no entropy.
    positive = eigenvalues[eigenvalues > 0] / eigenvalues[eigenvalues > 0].sum()
    mean = float((correlation.sum() - np.trace(correlation)) / (n * (n - 1))) if n > 1 else 0.0
    return EffectiveTrials(
        effective_rank=float(np.exp(-np.sum(positive * np.log(positive)))),
        participation_ratio=float(np.trace(correlation) ** 2 / np.sum(correlation**2)),
        mean_correlation_rule=mean + (1.0 - mean) * n,
    )


def effective_count(daily_return: FloatArray) -> float:
    """Effective rank of (D, N) returns, NaN where a trial has no day; one that never moves, or has no day, counts whole.

    By the smaller of the two Gram matrices, so that thousands of configurations cost no more than their days. Between 0 and N.
    """
    known = np.isfinite(daily_return)
    values = np.where(known, daily_return, 0.0)
    values = np.where(known, values - values.sum(axis=0) / np.maximum(known.sum(axis=0), 1), 0.0)
    size = np.sqrt((values**2).sum(axis=0))
    moves = size > 1e-12
    unit = values[:, moves] / size[moves]
    if not moves.any():
        return float((~moves).sum())
    gram = unit.T @ unit if unit.shape[1] <= unit.shape[0] else unit @ unit.T
    eigenvalues = np.linalg.eigvalsh(gram)
    share = eigenvalues[eigenvalues > 0] / eigenvalues[eigenvalues > 0].sum()
    return float(np.exp(-np.sum(share * np.log(share)))) + float((~moves).sum())
