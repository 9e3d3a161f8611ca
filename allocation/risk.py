"""Risk of pods per unit of limit, from their daily returns: volatility, covariance, and the book against BTC."""

import math
from dataclasses import dataclass

import numpy as np

from allocation.btc_correlation import Book
from allocation.clusters import SHORTEST_OVERLAP_DAYS
from allocation.covariance import ewma_covariance, shrink_to_constant_correlation
from domain.arrays import FloatArray
from domain.times import DAYS_PER_YEAR
from measures.series import is_constant

RECENT_DECAY = 2 ** (-1 / 35)
"""Half-life of recent volatility: 35 days."""
RECENT_BETA_DAYS = 90


@dataclass(frozen=True)
class Covariance:
    """Annual covariance (N, N) and how it was found."""

    annual: FloatArray
    method: str


def volatility_annual(daily_return: FloatArray) -> FloatArray:
    """(D, N) -> (N,): the larger of full-sample and recent volatility; NaN with fewer than 60 days or where nothing moves."""
    return np.array([_volatility(column[np.isfinite(column)]) for column in daily_return.T], dtype=np.float64)


def covariance(daily_return: FloatArray, volatility: FloatArray) -> Covariance:
    """Annual covariance of (D, N) returns with the given annual volatilities.

    Correlations are shrunk to their mean (Ledoit & Wolf 2004) over the days that all have. With fewer than 60 such days they
    count as one: the most that risks can add up to.
    """
    scale = np.outer(volatility, volatility)
    complete = daily_return[np.all(np.isfinite(daily_return), axis=1)]
    if len(complete) < SHORTEST_OVERLAP_DAYS:
        return Covariance(scale, f"correlation one: {len(complete)} common days, {SHORTEST_OVERLAP_DAYS} needed")
    if any(is_constant(column) for column in complete.T):
        return Covariance(scale, "correlation one: a return stream never moves")
    shrunk = shrink_to_constant_correlation(complete).covariance
    own = np.sqrt(np.diag(shrunk))
    return Covariance(shrunk / np.outer(own, own) * scale, "constant-correlation shrinkage")


def book_against_btc(daily_return: FloatArray, btc_return: FloatArray) -> Book | None:
    """The book of N pods against BTC over the days that all have, per day; None with fewer than 60 of them.

    Of the full-sample beta and that of the last 90 days the larger in size counts; BTC's volatility is at least its long-run
    value. Adding to residual correlations would lower the correlation with BTC, so they stand as they are.
    """
    whole = np.all(np.isfinite(daily_return), axis=1) & np.isfinite(btc_return)
    if whole.sum() < SHORTEST_OVERLAP_DAYS:
        return None
    pods, btc = daily_return[whole], btc_return[whole]
    full, recent = _beta(pods, btc), _beta(pods[-RECENT_BETA_DAYS:], btc[-RECENT_BETA_DAYS:])
    centred = btc - btc.mean()
    residual = pods - pods.mean(axis=0) - np.outer(centred, full)
    recent_volatility = float(np.sqrt(ewma_covariance(btc[:, None], RECENT_DECAY)[0, 0]))
    return Book(
        beta=np.where(np.abs(recent) > np.abs(full), recent, full),
        btc_volatility=max(float(btc.std(ddof=1)), recent_volatility),
        residual_covariance=residual.T @ residual / (len(btc) - 2),
    )


def _volatility(known: FloatArray) -> float:
    if len(known) < SHORTEST_OVERLAP_DAYS or is_constant(known):
        return float("nan")
    recent = float(np.sqrt(ewma_covariance(known[:, None], RECENT_DECAY)[0, 0]))
    return max(float(known.std(ddof=1)), recent) * math.sqrt(DAYS_PER_YEAR)


def _beta(pods: FloatArray, btc: FloatArray) -> FloatArray:
    centred = btc - btc.mean()
    scale = float(centred @ centred)
    return np.asarray(centred @ pods / scale) if scale > 0 else np.zeros(pods.shape[1])
