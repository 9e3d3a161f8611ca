"""Implementation shortfall of one order, fill by fill.

Signed: positive is a cost to us. Its absolute value cannot tell cost from luck, is positive even where execution costs nothing,
and is kept as dispersion only.
"""

from dataclasses import dataclass

from domain.errors import Refused

BPS = 10_000.0


@dataclass(frozen=True)
class Fill:
    """A filled quantity (positive) and its price; the rest is needed only to split the cost of trading."""

    quantity: float
    price: float
    mid: float | None = None
    """Mid price just before the child order."""
    spread: float | None = None
    """Quoted spread at that moment; negative for a passive fill, which earns half of it."""
    trend_price: float | None = None
    """Where the signal expected the mid to be by then."""


@dataclass(frozen=True)
class Order:
    """A parent order; `side` +1 buys, -1 sells."""

    side: int
    quantity: float
    decision_price: float
    fills: tuple[Fill, ...]
    fees: float
    arrival_price: float | None = None
    """Mid at release; without it there is no delay to tell from trading."""
    end_price: float | None = None
    """Mid when the order ends; needed where a part went unfilled."""

    def __post_init__(self) -> None:
        if self.side not in (1, -1) or self.quantity <= 0 or self.decision_price <= 0:
            raise Refused(f"expected side +1 or -1, quantity and decision price above zero, got {self}")
        if self.filled > self.quantity * (1.0 + 1e-12):
            raise Refused(f"expected fills of at most {self.quantity}, got {self.filled}: is a fill counted twice?")

    @property
    def filled(self) -> float:
        return sum(fill.quantity for fill in self.fills)

    @property
    def paid(self) -> float:
        """Sum of quantity times price over the fills."""
        return sum(fill.quantity * fill.price for fill in self.fills)

    @property
    def average_fill(self) -> float | None:
        """None where nothing filled."""
        return self.paid / self.filled if self.filled else None

    @property
    def notional(self) -> float:
        """Of the paper portfolio: ordered quantity at the decision price."""
        return self.quantity * self.decision_price

    @property
    def unfilled(self) -> float:
        return self.quantity - self.filled


@dataclass(frozen=True)
class Parts:
    """The shortfall by cause, in currency; the parts add to `total`."""

    delay: float
    trade: float
    opportunity: float
    fee: float

    @property
    def total(self) -> float:
        return self.delay + self.trade + self.opportunity + self.fee


@dataclass(frozen=True)
class TradeParts:
    """The cost of trading by cause, in currency; the parts add to it."""

    spread: float
    """Half the quoted spread on every fill."""
    impact: float
    """What was paid beyond it against the mid: impact and depth."""
    price_trend: float
    """Drift that the signal expected while the order worked."""
    timing_risk: float
    """The rest of the mid's move."""


def execution_vs_decision(order: Order) -> float:
    """Cost of what was filled against the decision price, fees aside. Source: Perold (1988), JPM 14(3)."""
    return order.side * (order.paid - order.filled * order.decision_price)


def perold_opportunity(order: Order) -> float:
    """Move from the decision to the end on what was not filled."""
    return order.side * order.unfilled * (_end(order) - order.decision_price)


def shortfall(order: Order) -> float:
    """Paper return less real return, in currency. Source: Perold (1988)."""
    return execution_vs_decision(order) + perold_opportunity(order) + order.fees


def wagner_parts(order: Order) -> Parts:
    """Delay on the whole order, opportunity from arrival on: the split used in this house.

    Source: Wagner and Edwards (1993); Kissell (2006), the expanded form.
    """
    arrival = _arrival(order)
    return Parts(
        delay=order.side * order.quantity * (arrival - order.decision_price),
        trade=_trade(order),
        opportunity=order.side * order.unfilled * (_end(order) - arrival) if order.unfilled else 0.0,
        fee=order.fees,
    )


def kissell_parts(order: Order) -> Parts:
    """Delay on what was filled only, opportunity from the decision on. Source: the CFA curriculum, after Kissell."""
    delay = order.side * order.filled * (_arrival(order) - order.decision_price)
    return Parts(delay, _trade(order), perold_opportunity(order), order.fees)


def trade_parts(order: Order) -> TradeParts:
    """The cost of trading by cause. Refused where a fill lacks mid, spread or trend price."""
    arrival, side = _arrival(order), order.side
    spread = impact = trend = risk = 0.0
    for fill in order.fills:
        if fill.mid is None or fill.spread is None or fill.trend_price is None:
            raise Refused(f"expected mid, spread and trend price with every fill, got {fill}")
        half_spread = fill.quantity * fill.spread / 2.0
        spread += half_spread
        impact += side * fill.quantity * (fill.price - fill.mid) - half_spread
        trend += side * fill.quantity * (fill.trend_price - arrival)
        risk += side * fill.quantity * (fill.mid - fill.trend_price)
    return TradeParts(spread, impact, trend, risk)


def in_bps(amount: float, order: Order) -> float:
    """Basis points of decision notional."""
    return amount / order.notional * BPS


def _trade(order: Order) -> float:
    return order.side * (order.paid - order.filled * _arrival(order))


def _arrival(order: Order) -> float:
    if order.arrival_price is None:
        raise Refused("expected an arrival price: without it delay and trading cannot be told apart")
    return order.arrival_price


def _end(order: Order) -> float:
    if order.end_price is not None:
        return order.end_price
    if order.unfilled:
        raise Refused("expected an end price for an order that did not fill: what went unfilled is not free")
    return order.decision_price
