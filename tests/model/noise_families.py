"""Families of worthless variants and their gates, and searches that hold one planted edge.

Variants of a family are neighbours on a line of parameters: their returns correlate, the nearer the more.
"""

import math
from dataclasses import dataclass

import numpy as np

from backtest.cscv import cscv
from backtest.validation.superior import superior
from domain.arrays import FloatArray
from measures.deflated import deflated_sharpe, probabilistic_sharpe
from measures.moments import moments
from measures.undefined import Undefined

YEAR = 365
LEVEL = 0.05
PBO_MAX = 0.2
REACH = 1.0
"""Steps of the parameter over which returns stay alike."""
SHARPES = (0.5, 1.0, 1.5, 2.0, 3.0)
YEARS = (1, 2, 3, 5)


@dataclass(frozen=True)
class Size:
    """How much is drawn; the whole count takes minutes, and tests draw less."""

    families: int = 200
    variants: int = 100
    days: int = 1_000
    repetitions: int = 1_000
    blocks: int = 16


def family(seed: int, days: int, edge_annual: FloatArray, reach: float = REACH) -> FloatArray:
    """(days, variants) normal returns of 1 % a day with these true annual Sharpe ratios."""
    random, at = np.random.default_rng(seed), np.arange(len(edge_annual))
    alike = np.exp(-0.5 * ((at[:, None] - at) / reach) ** 2) + 1e-9 * np.eye(len(at))
    draws = random.standard_normal((days, len(at))) @ np.linalg.cholesky(alike).T
    return np.asarray(0.01 * (draws + edge_annual / math.sqrt(YEAR)))


def plateau(variants: int, height: float) -> FloatArray:
    """(variants,) true Sharpe ratios: flat in the middle, falling off over a fifth at either end."""
    side = variants / 5
    return np.interp(np.arange(variants), [0, side, variants - 1 - side, variants - 1], [0.0, height, height, 0.0])


def passes(returns: FloatArray, size: Size, seed: int) -> dict[str, bool]:
    """Which gates one family passes."""
    sharpes = np.array([found.sharpe for column in returns.T if (found := moments(column))])
    best = returns[:, int(sharpes.argmax())]
    overfit = cscv(returns, size.blocks)
    return {
        "PSR of one variant named beforehand": _reaches(probabilistic_sharpe(returns[:, 0])),
        "PSR of the best, not deflated": _reaches(probabilistic_sharpe(best)),
        "DSR of the best": _reaches(deflated_sharpe(best, sharpes, returns.shape[1])),
        "PBO by rank alone": overfit.pbo_nonstrict <= PBO_MAX,
        "PBO": overfit.pbo_material <= PBO_MAX,
        "SPA": superior(returns, seed=seed, repetitions=size.repetitions, matched_volatility=True).outcome == "pass",
    }


def shares(size: Size, edge_annual: FloatArray, seed: int = 1) -> dict[str, float]:
    """Share of families that passes, by gate."""
    rows = [passes(family(seed + number, size.days, edge_annual), size, seed) for number in range(size.families)]
    return {name: float(np.mean([row[name] for row in rows])) for name in rows[0]}


def power(sharpe_annual: float, years: int, variants: int, draws: int, seed: int = 1) -> float:
    """Share of searches over `variants` worthless ones and one with an edge that end with that one and a DSR of 95 %."""
    found = 0
    for number in range(draws):
        edge = np.zeros(variants)
        edge[variants // 2] = sharpe_annual
        returns = family(seed + number, YEAR * years, edge, reach=0.5)
        sharpes = np.array([one.sharpe for column in returns.T if (one := moments(column))])
        best = int(sharpes.argmax())
        found += best == variants // 2 and _reaches(deflated_sharpe(returns[:, best], sharpes, variants))
    return found / draws


def power_table(variants: int, draws: int) -> dict[tuple[float, int], float]:
    return {(sharpe, years): power(sharpe, years, variants, draws) for sharpe in SHARPES for years in YEARS}


def _reaches(found: object) -> bool:
    return not isinstance(found, Undefined) and getattr(found, "value", 0.0) >= 1.0 - LEVEL
