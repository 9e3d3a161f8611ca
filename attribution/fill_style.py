"""Whether a pod executes in the style that its manifest declares."""

from dataclasses import dataclass

import numpy as np

from domain.errors import Refused
from domain.record import Orders
from domain.strategy import ExecutionIntent
from measures.intervals import wilson_interval
from measures.undefined import Undefined


@dataclass(frozen=True)
class FillStyle:
    """Share of filled notional provided as a maker, with its 95 % interval."""

    maker_share: float
    low: float
    high: float
    n_orders: int
    """Orders with a fill: fills of one order are not independent, so orders are counted."""
    effective_orders: float
    """(sum of notional)^2 / sum of squares: what the orders amount to when large ones dominate. Source: Kish (1965)."""

    def contradicts(self, intent: ExecutionIntent) -> bool:
        """Whether the whole interval lies outside the declared range."""
        return self.high < intent.maker_share_min or self.low > intent.maker_share_max


def fill_style(orders: Orders) -> FillStyle | Undefined:
    """Maker share by notional, Wilson interval over effective orders; Undefined where nothing filled.

    Refused where a maker quantity is missing or lies outside the fill.
    """
    slack = 1e-9 * np.maximum(orders.filled, 1.0)
    inside = (orders.maker_quantity >= -slack) & (orders.maker_quantity <= orders.filled + slack)
    if not inside.all():
        raise Refused(f"orders: maker quantity is missing or outside the fill in {int((~inside).sum())} of {inside.size}")
    filled = orders.filled > 0
    if not filled.any():
        return Undefined("no fills")
    notional = orders.filled[filled] * orders.fill_price[filled]
    maker = float(np.sum(orders.maker_quantity[filled] * orders.fill_price[filled]))
    share = min(max(maker / float(notional.sum()), 0.0), 1.0)
    effective = float(notional.sum() ** 2 / np.sum(notional**2))
    low, high = wilson_interval(share, effective)
    return FillStyle(share, low, high, int(filled.sum()), effective)
