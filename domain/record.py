"""What a pod did: daily returns at one unit of limit, where they came from, and every order behind them."""

from dataclasses import dataclass

from domain.arrays import FloatArray, IntArray

COMPONENTS = ("price", "funding", "borrow", "fees", "spread", "impact", "liquidation")
"""Parts of a return; they add to the net return. Costs are negative parts."""


@dataclass(frozen=True)
class Orders:
    """One row for each simulated parent order; arrays are (K,), prices in USD, quantities in base units and positive."""

    decided_us: IntArray
    symbol: IntArray
    """Index into the record's symbols."""
    side: IntArray
    """+1 buy, -1 sell."""
    quantity: FloatArray
    filled: FloatArray
    decision_price: FloatArray
    """Close of the bar that decided."""
    arrival_price: FloatArray
    """Open of the bar at which the order is released."""
    fill_price: FloatArray
    """Average price of the filled part, spread and impact included; the arrival price where nothing filled."""
    end_price: FloatArray
    """Close of the bar in which the order ends: the unfilled part is worth this."""
    fee_usd: FloatArray
    spread_usd: FloatArray
    """Half-spread paid (positive) or earned (negative)."""
    impact_usd: FloatArray
    maker_quantity: FloatArray


@dataclass(frozen=True)
class Account:
    """What a simulated account shows of itself beside its returns. None: not simulated, for no rule of the venue is stated."""

    residual_usd: float
    """Greatest difference, over all bars, between cash plus positions and the capital plus all parts of the return."""
    data_gap: FloatArray
    """(D,) what positions made over bars that one symbol lacked; a part of the price component."""
    halt_gap: FloatArray
    """(D,) the same where the whole market was missing."""
    rules_as_of: str | None
    """Day of the venue's rules that were applied."""
    without: tuple[str, ...]
    """What no rule is stated for, in words."""
    leverage_max: float | None
    """The tightest of the bounds on gross exposure over equity."""
    marks: str | None
    """What stood for the mark: `marks` of the venue, or `bar extremes`, of which the worst is charged."""
    liquidated_us: IntArray
    """(L,) opening times of the bars in which the account was liquidated."""
    liquidated_at_close: int | None
    """How many of them the closes alone would have liquidated: the other end of the band."""
    distance_min: float | None
    """Least fall in the value of longs, and rise in that of shorts, all at once, that would have liquidated it at a close."""
    distance_min_sigma: float | None
    """The same in daily volatilities of the positions, all moving together."""
    distance_min_us: int | None
    """Close at which it was least."""


@dataclass(frozen=True)
class PodRecord:
    """Daily record of one pod at a constant capital of `capital_usd` (one unit of limit).

    (D,) arrays by UTC day; returns are fractions of capital; `component[name]` for each of COMPONENTS adds to `net_return`.
    """

    pod: str
    capital_usd: float
    symbols: tuple[str, ...]
    day_us: IntArray
    net_return: FloatArray
    component: dict[str, FloatArray]
    gross_exposure: FloatArray
    """Mean over the day of the sum of absolute positions, as a multiple of capital."""
    net_exposure: FloatArray
    turnover: FloatArray
    """Traded notional of the day as a multiple of capital, one way (buys plus sells)."""
    position_mean_abs_usd: FloatArray
    """(N,) mean absolute position by symbol."""
    position_last_usd: FloatArray
    """(N,) signed position after the last bar."""
    traded_usd: FloatArray
    """(N,) traded notional per day by symbol."""
    orders: Orders
    account: Account | None = None
    """Of a simulated record."""
