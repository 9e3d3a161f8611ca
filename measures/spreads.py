"""What trading at the spread costs, and the spread where only prices are known."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from measures.series import finite_series


@dataclass(frozen=True)
class SpreadParts:
    """Of one trade, bp of the mid; impact = effective - realised."""

    effective_bps: float
    realised_bps: float
    impact_bps: float


def spread_parts(side: int, mid: float, price: float, mid_after: float) -> SpreadParts:
    """Effective spread 2 D (p - m) / m and realised spread 2 D (p - m') / m; side is +1 buy, -1 sell. Huang and Stoll (1996)."""
    effective, realised = (2e4 * side * (price - against) / mid for against in (mid, mid_after))
    return SpreadParts(effective, realised, effective - realised)


def roll_spread(prices: ArrayLike, *, demean: bool = True) -> float | None:
    """2 sqrt(-cov) of consecutive price changes, in the unit of the prices; None where the covariance is not negative.

    `demean`: sample covariance (ddof 1) about both means; else the mean product, as drift-free as the model. Source: Roll (1984).
    """
    changes = np.diff(finite_series(prices, "prices"))
    if changes.size < 3:
        return None
    before, after = changes[:-1], changes[1:]
    if demean:
        covariance = float((before - before.mean()) @ (after - after.mean())) / (before.size - 1)
    else:
        covariance = float(before @ after) / before.size
    return 2.0 * math.sqrt(-covariance) if covariance < 0 else None


@dataclass(frozen=True)
class HighLowSpread:
    """Corwin and Schultz's estimate with its parts; `spread` is a fraction of the price and may be negative."""

    beta: float
    gamma: float
    alpha: float
    spread: float


def corwin_schultz(high: tuple[float, float], low: tuple[float, float]) -> HighLowSpread:
    """From the highs and lows of two bars. A negative estimate is kept: cut off at zero, the mean would be biased upward.

    Source: Corwin and Schultz (2012), Journal of Finance 67.
    """
    beta = math.log(high[0] / low[0]) ** 2 + math.log(high[1] / low[1]) ** 2
    gamma = math.log(max(high) / min(low)) ** 2
    width = 3.0 - 2.0 * math.sqrt(2.0)
    alpha = (math.sqrt(2.0 * beta) - math.sqrt(beta)) / width - math.sqrt(gamma / width)
    return HighLowSpread(beta, gamma, alpha, 2.0 * math.expm1(alpha) / (1.0 + math.exp(alpha)))


def cost_by_maker_share_bps(
    maker_share: float, *, spread_bps: float, taker_fee_bps: float, maker_fee_bps: float, adverse_selection_bps: float
) -> float:
    """Expected cost a unit: (1 - a)(s/2 + f_T) + a(-s/2 + f_M + A), bp."""
    taker, maker = spread_bps / 2 + taker_fee_bps, -spread_bps / 2 + maker_fee_bps + adverse_selection_bps
    return (1.0 - maker_share) * taker + maker_share * maker


def breakeven_adverse_selection_bps(*, spread_bps: float, taker_fee_bps: float, maker_fee_bps: float) -> float:
    """The adverse selection at which waiting costs what crossing does, bp: s + f_T - f_M."""
    return spread_bps + taker_fee_bps - maker_fee_bps
