"""Section 14: maker share and spread cost."""

from measures.spreads import (
    breakeven_adverse_selection_bps,
    corwin_schultz,
    cost_by_maker_share_bps,
    roll_spread,
    spread_parts,
)
from tests.reference.registry import Inputs, Results, case


@case(14, {"D", "mid", "trade", "mid_after"})
def effective_and_realised(inputs: Inputs) -> Results:
    found = spread_parts(inputs["D"], inputs["mid"], inputs["trade"], inputs["mid_after"])
    return {"effective_bp": found.effective_bps, "realised_bp": found.realised_bps, "impact_bp": found.impact_bps}


@case(14, {"prices"})
def roll(inputs: Inputs) -> Results:
    prices = inputs["prices"]
    return {"spread_demeaned_ddof1": roll_spread(prices), "spread_no_demean": roll_spread(prices, demean=False)}


@case(14, {"H", "L"})
def high_low(inputs: Inputs) -> Results:
    found = corwin_schultz((inputs["H"][0], inputs["H"][1]), (inputs["L"][0], inputs["L"][1]))
    return {"beta": found.beta, "gamma": found.gamma, "alpha": found.alpha, "spread": found.spread}


@case(14, {"spread", "taker_fee", "maker_fee", "adverse_selection", "maker_share"})
def cost_by_maker_share(inputs: Inputs) -> Results:
    terms = {
        "spread_bps": inputs["spread"],
        "taker_fee_bps": inputs["taker_fee"],
        "maker_fee_bps": inputs["maker_fee"],
    }
    adverse = inputs["adverse_selection"]
    return {
        "cost": [cost_by_maker_share_bps(share, adverse_selection_bps=adverse, **terms) for share in inputs["maker_share"]],
        "breakeven_adverse_selection": breakeven_adverse_selection_bps(**terms),
    }
