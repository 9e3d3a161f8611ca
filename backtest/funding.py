"""Funding: what a constant long pays, and what is charged where no source says."""

from dataclasses import dataclass, replace

import numpy as np

from backtest.costs import FundingRule
from domain.arrays import FloatArray, IntArray
from domain.errors import Refused
from domain.market import Market, Panel
from domain.record import COMPONENTS, PodRecord
from domain.times import DAYS_PER_YEAR, to_datetime

BLOCK_DAYS = 30
"""Length of the stretches that the band is taken over."""


@dataclass(frozen=True)
class FilledFunding:
    """A panel that can be charged, and how much of its funding is known rather than assumed."""

    panel: Panel
    """For simulation only: a strategy must see the panel it was made from."""
    known_share: float
    """Share of (bar, symbol) cells with a price whose funding a source states; 1 on spot, which has none by nature."""
    band_annual: tuple[float, float] | None
    """Lower and upper funding of a constant long per year, fractions, over (symbol, 30 days); None where nothing was filled."""
    assumed_annual: float | None = None
    """What `charge_assumed` still has to take from a record made on this panel; None where some funding is known."""


def constant_long_by_year(funding_time_us: IntArray, rate: FloatArray) -> dict[int, float]:
    """What a constant long of one unit of notional pays in each calendar year, UTC: the sum of its rates, a fraction.

    funding_time_us, rate: (K,). Raises Refused for a NaN rate: missing funding is not zero.
    """
    if not np.isfinite(rate).all():
        raise Refused(f"expected a rate at every stamp, got {int((~np.isfinite(rate)).sum())} that are not numbers")
    years = np.array([to_datetime(int(us)).year for us in funding_time_us], dtype=np.int64)
    return {int(year): float(rate[years == year].sum()) for year in np.unique(years)}


def fill_missing(panel: Panel, rule: FundingRule) -> FilledFunding | None:
    """A panel with a funding rate in every bar that has a price; None for a contract market where no funding is known at all.

    A missing rate is charged at the median of the symbols that have one in that bar, and in a bar where none has, at the
    mean of those medians: an assumption about cost over the whole sample, so it goes to the simulation and never to a
    strategy. The band is over the known (symbol, 30 days), by the rule's quantiles. Spot has no funding: 0.
    """
    if panel.market is Market.SPOT:
        return FilledFunding(replace(panel, funding_rate=np.zeros_like(panel.close)), 1.0, None)
    priced, known = np.isfinite(panel.close), np.isfinite(panel.funding_rate)
    if not (priced & known).any():
        return None
    missing = priced & ~known
    share = float((priced & known).sum() / priced.sum())
    if not missing.any():
        return FilledFunding(panel, share, None)
    some = known.any(axis=1)
    median = np.empty(len(panel.open_time_us))
    median[some] = np.nanmedian(panel.funding_rate[some], axis=1)
    median[~some] = median[some].mean()
    filled = np.where(missing, median[:, None], panel.funding_rate)
    return FilledFunding(replace(panel, funding_rate=filled), share, _band(panel, rule))


def assume(panel: Panel, rule: FundingRule) -> FilledFunding:
    """A contract market on which no source states any funding: none in the panel, all of it left to `charge_assumed`."""
    return FilledFunding(replace(panel, funding_rate=np.zeros_like(panel.close)), 0.0, None, rule.assumed_annual)


def charge_assumed(record: PodRecord, assumed_annual: float) -> PodRecord:
    """The record with the assumed rate taken each day from its mean gross exposure, on the funding line."""
    charged = record.gross_exposure * assumed_annual / DAYS_PER_YEAR
    component = {**record.component, "funding": record.component["funding"] - charged}
    return replace(record, net_return=np.sum([component[name] for name in COMPONENTS], axis=0), component=component)


def _band(panel: Panel, rule: FundingRule) -> tuple[float, float]:
    """Quantiles over (symbol, 30 days) of the annual funding of a constant long; a shorter sample is one stretch."""
    bars_per_year = DAYS_PER_YEAR * panel.bars_per_day
    length = BLOCK_DAYS * panel.bars_per_day
    annual = []
    for start in range(0, len(panel.open_time_us), length):
        block = panel.funding_rate[start : start + length]
        count = np.isfinite(block).sum(axis=0)
        enough = np.asarray(count >= min(length, len(panel.open_time_us)) // 2)
        annual.extend(np.nansum(block, axis=0)[enough] / count[enough] * bars_per_year)
    if not annual:
        annual = [float(np.nanmean(panel.funding_rate) * bars_per_year)]
    low, high = np.quantile(annual, [rule.band_low_quantile, rule.band_high_quantile])
    return float(low), float(high)
