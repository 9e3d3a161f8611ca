"""Implementation shortfall of many simulated or live orders, in Wagner's split."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from domain.arrays import BoolArray, FloatArray, IntArray
from domain.errors import Refused
from domain.record import Orders
from domain.times import US_PER_DAY, US_PER_HOUR
from measures.intervals import student_quantile
from measures.undefined import Undefined

COMPONENTS = ("delay", "spread", "impact", "timing", "opportunity", "fees")
"""Parts of the shortfall of an order; trading is spread + impact + timing."""
HOURS = 24
BPS = 10_000.0


@dataclass(frozen=True)
class OrderShortfalls:
    """(K,) USD for each order, positive = cost; `total` is the sum of the components in the order of COMPONENTS."""

    component: dict[str, FloatArray]
    notional_usd: FloatArray
    """Ordered quantity at the decision price."""

    @cached_property
    def total(self) -> FloatArray:
        total = np.zeros_like(self.notional_usd)
        for name in COMPONENTS:
            total = total + self.component[name]
        return total

    @property
    def trading(self) -> FloatArray:
        return self.component["spread"] + self.component["impact"] + self.component["timing"]

    @property
    def total_bps(self) -> FloatArray:
        return np.asarray(self.total / self.notional_usd * BPS)


@dataclass(frozen=True)
class ShortfallReport:
    """Of all orders; `_usd` and `_bps` by component. Basis points are of decision notional, positive = cost."""

    n_orders: int
    n_days: int
    notional_usd: float
    component_usd: dict[str, float]
    total_usd: float
    component_bps: dict[str, float]
    """Sums over the notional of all orders: weighted by size."""
    mean_bps: float
    low_bps: float | None
    """Ends of the 95 % interval by days; None with fewer than 2."""
    high_bps: float | None
    t_stat: float | None
    """Of the mean, orders clustered by UTC day; None with fewer than 2 days or no variation."""
    median_bps: float
    """Over orders, unweighted."""
    dispersion_bps: float
    """Mean absolute shortfall weighted by notional: scatter, not cost."""
    hour_bps: FloatArray
    """(24,) notional-weighted mean by UTC hour of the decision; NaN in an hour without orders."""
    hour_orders: IntArray
    """(24,)"""


def order_shortfalls(orders: Orders) -> OrderShortfalls:
    """Each order in USD by component; Refused where a price is missing or fills exceed the order.

    Delay s X (P0 - Pd), trading s q (fill - P0), of which spread and impact are known and timing is the rest, opportunity
    s (X - q) (Pn - P0), fees. An order that did not fill at all has its full quantity in delay and opportunity.
    """
    _check(orders)
    side, ordered, filled = orders.side, orders.quantity, orders.filled
    trading = side * filled * (orders.fill_price - orders.arrival_price)
    component = {
        "delay": side * ordered * (orders.arrival_price - orders.decision_price),
        "spread": orders.spread_usd,
        "impact": orders.impact_usd,
        "timing": trading - orders.spread_usd - orders.impact_usd,
        "opportunity": side * (ordered - filled) * (orders.end_price - orders.arrival_price),
        "fees": orders.fee_usd,
    }
    return OrderShortfalls(component, ordered * orders.decision_price)


def shortfall_report(orders: Orders) -> ShortfallReport | Undefined:
    """Totals, notional-weighted means with their error by day, medians and hours; Undefined without orders."""
    if not len(orders.quantity):
        return Undefined("no orders")
    each = order_shortfalls(orders)
    notional = float(each.notional_usd.sum())
    component_usd = {name: float(each.component[name].sum()) for name in COMPONENTS}
    total = float(each.total.sum())
    days = orders.decided_us // US_PER_DAY
    mean = total / notional
    error = _clustered_error(each.total, each.notional_usd, mean, days)
    n_days = len(np.unique(days))
    half = None if error is None else error * student_quantile(0.95, n_days - 1)
    hour_bps, hour_orders = _by_hour(each, orders.decided_us)
    return ShortfallReport(
        n_orders=len(each.total),
        n_days=n_days,
        notional_usd=notional,
        component_usd=component_usd,
        total_usd=total,
        component_bps={name: usd / notional * BPS for name, usd in component_usd.items()},
        mean_bps=mean * BPS,
        low_bps=None if half is None else (mean - half) * BPS,
        high_bps=None if half is None else (mean + half) * BPS,
        t_stat=mean / error if error else None,
        median_bps=float(np.median(each.total_bps)),
        dispersion_bps=float(np.abs(each.total).sum()) / notional * BPS,
        hour_bps=hour_bps,
        hour_orders=hour_orders,
    )


def _check(orders: Orders) -> None:
    prices = ("decision_price", "arrival_price", "fill_price", "end_price")
    amounts = ("quantity", "filled", "fee_usd", "spread_usd", "impact_usd")
    for name in (*prices, *amounts):
        _refuse_where(~np.isfinite(getattr(orders, name)), f"{name} is missing: what is unknown costs something")
    for name in ("quantity", *prices):
        _refuse_where(getattr(orders, name) <= 0, f"{name} is not above zero")
    _refuse_where(orders.filled > orders.quantity * (1.0 + 1e-9), "more is filled than was ordered: is a fill counted twice?")


def _refuse_where(bad: BoolArray, what: str) -> None:
    if bad.any():
        raise Refused(f"orders: in {int(bad.sum())} of {bad.size}, the first at {int(bad.argmax())}, {what}")


def _clustered_error(cost: FloatArray, notional: FloatArray, mean: float, days: IntArray) -> float | None:
    """Standard error of the ratio of sums, by linearisation, errors of one day summed. Source: Liang and Zeger (1986)."""
    _, cluster = np.unique(days, return_inverse=True)
    by_day = np.bincount(cluster, weights=cost - mean * notional)
    if by_day.size < 2:
        return None
    return float(np.sqrt(by_day.size / (by_day.size - 1) * np.sum(by_day**2)) / notional.sum())


def _by_hour(each: OrderShortfalls, decided_us: IntArray) -> tuple[FloatArray, IntArray]:
    hour = decided_us // US_PER_HOUR % HOURS
    cost = np.bincount(hour, weights=each.total, minlength=HOURS)
    notional = np.bincount(hour, weights=each.notional_usd, minlength=HOURS)
    with np.errstate(invalid="ignore"):
        mean = np.where(notional > 0, cost / notional * BPS, np.nan)
    return mean, np.bincount(hour, minlength=HOURS)
