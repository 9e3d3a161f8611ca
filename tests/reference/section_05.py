"""Section 5: implementation shortfall."""

import statistics

from attribution.shortfall import (
    Fill,
    Order,
    Parts,
    execution_vs_decision,
    in_bps,
    kissell_parts,
    perold_opportunity,
    shortfall,
    trade_parts,
    wagner_parts,
)
from domain.canonical import EVIDENCE_DECIMALS
from tests.reference.registry import Inputs, Results, case

ORDER = {"side", "X", "p_decision", "p_arrival", "p_end", "fills", "fees"}
AT_FILL = {"mid_at_fill", "spread_at_fill", "trend_price"}


@case(section=5, inputs=ORDER)
def one_order(inputs: Inputs) -> Results:
    order = _order(inputs)
    return {
        "total": shortfall(order),
        "bps_of_paper_notional": in_bps(shortfall(order), order),
        "avg_fill": order.average_fill,
        "execution_vs_decision": execution_vs_decision(order),
        "perold_opportunity": perold_opportunity(order),
        "wagner": _parts(wagner_parts(order)),
        "kissell_cfa": _parts(kissell_parts(order)),
    }


@case(section=5, inputs=ORDER | AT_FILL)
def full_decomposition(inputs: Inputs) -> Results:
    order = _order(inputs)
    trade = trade_parts(order)
    parts = wagner_parts(order)
    return one_order(inputs) | {
        "delay": parts.delay,
        "spread": trade.spread,
        "impact": trade.impact,
        "price_trend": trade.price_trend,
        "timing_risk": trade.timing_risk,
        "opportunity_wagner": parts.opportunity,
        "fees": parts.fee,
    }


@case(section=5, inputs={"orders"})
def signed_and_absolute(inputs: Inputs) -> Results:
    """On the house's grid: these are compared exactly."""
    orders = [_order(entry) for entry in inputs["orders"]]
    each = [in_bps(shortfall(order), order) for order in orders]
    weights = [order.notional for order in orders]
    return {
        "signed_mean_bp": round(statistics.fmean(each, weights), EVIDENCE_DECIMALS),
        "absolute_mean_bp": round(statistics.fmean(map(abs, each), weights), EVIDENCE_DECIMALS),
    }


def _order(inputs: Inputs) -> Order:
    at_fill = zip(*(inputs.get(name, [None] * len(inputs["fills"])) for name in sorted(AT_FILL)), strict=True)
    fills = tuple(
        Fill(quantity, price, mid=mid, spread=spread, trend_price=trend)
        for (quantity, price), (mid, spread, trend) in zip(inputs["fills"], at_fill, strict=True)
    )
    return Order(
        side=inputs["side"],
        quantity=inputs["X"],
        decision_price=inputs["p_decision"],
        fills=fills,
        fees=inputs["fees"],
        arrival_price=inputs.get("p_arrival"),
        end_price=inputs.get("p_end"),
    )


def _parts(parts: Parts) -> Results:
    return {"delay": parts.delay, "trade": parts.trade, "opp": parts.opportunity, "fee": parts.fee}
