"""What trading costs: fees, half-spread, square-root impact and borrow, as data read from `config/costs.yaml`."""

from collections.abc import Mapping

import numpy as np
from pydantic import Field, model_validator

from domain.arrays import FloatArray
from domain.errors import Refused
from domain.market import Market, Panel
from domain.model import Frozen

ADV_DAYS = 30
"""Window of the trailing mean daily volume that impact is measured against."""


class MarketCosts(Frozen):
    """Fees of one market, and what a short there pays."""

    maker_fee_bps: float
    """Negative where the venue pays a rebate."""
    taker_fee_bps: float = Field(ge=0)
    borrow_rate_annual: float | None = Field(default=None, ge=0)
    """Fraction of a spot short's notional per year; None means that nobody lends: no short. Contracts borrow nothing."""


class HalfSpread(Frozen):
    """Half the quoted spread as a fraction of the mid, in basis points."""

    default: float = Field(ge=0)
    by_symbol: Mapping[str, float] = {}

    @model_validator(mode="after")
    def _none_is_negative(self) -> "HalfSpread":
        crossed = sorted(symbol for symbol, bps in self.by_symbol.items() if bps < 0)
        if crossed:
            raise ValueError(f"half-spreads must be 0 or more, got a negative one for {crossed}")
        return self


class Impact(Frozen):
    """Square-root law: an order of Q pays 2/3 Y sigma_daily sqrt(Q / ADV) of its notional on average.

    Source: Toth et al. 2011; the average over the order is the peak divided by 1 + 1/2 (Bouchaud et al. 2018).
    """

    y: float = Field(ge=0)
    maker_share: float = Field(ge=0, le=1)
    """Part of the impact that a resting order pays all the same, as adverse selection."""

    @property
    def coefficient(self) -> float:
        """Average cost of a taker order in units of sigma_daily sqrt(Q / ADV)."""
        return self.y / 1.5


class FundingRule(Frozen):
    """How a bar without known funding is charged: the universe's median, with a band from the known symbols."""

    assumed_annual: float = Field(gt=0)
    """Fraction of every position, long or short, a year, where no symbol's funding is known: an assumption never earns."""
    band_low_quantile: float = Field(ge=0, lt=0.5)
    band_high_quantile: float = Field(gt=0.5, le=1)


class CostModel(Frozen):
    """Everything in `config/costs.yaml`."""

    markets: Mapping[Market, MarketCosts]
    half_spread_bps: HalfSpread
    impact: Impact
    order_min_usd: float = Field(ge=0)
    """Smaller orders are not sent."""
    funding: FundingRule

    def of(self, market: Market) -> MarketCosts:
        """Costs of a market. Raises Refused where the file states none."""
        if market not in self.markets:
            raise Refused(
                f"expected costs for the {market} market, the file states {sorted(self.markets)}: add them under `markets`"
            )
        return self.markets[market]

    def half_spread(self, symbols: tuple[str, ...]) -> FloatArray:
        """(N,) half-spread, fraction of the mid."""
        bps = [self.half_spread_bps.by_symbol.get(symbol, self.half_spread_bps.default) for symbol in symbols]
        return np.array(bps, dtype=np.float64) / 1e4


def trailing_adv_usd(panel: Panel, days: int = ADV_DAYS) -> FloatArray:
    """(T, N) mean daily volume in USD over the last `days` days up to and including bar t; NaN before a whole day of bars.

    Bars without a price count neither as volume nor as time.
    """
    window = days * panel.bars_per_day
    usd = panel.close * panel.volume
    known = np.isfinite(usd)
    total = _trailing_sum(np.where(known, usd, 0.0), window)
    count = _trailing_sum(known.astype(np.float64), window)
    enough = count >= panel.bars_per_day
    return np.where(enough, np.maximum(total, 0.0) * panel.bars_per_day / np.where(enough, count, 1.0), np.nan)


def _trailing_sum(values: FloatArray, window: int) -> FloatArray:
    running = np.cumsum(values, axis=0)
    running[window:] -= running[:-window].copy()
    return running
