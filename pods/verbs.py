"""What each halt verb does, in one table: to the state, to resting orders, to positions."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from domain.documents import HaltVerb, TradingState


class Positions(StrEnum):
    """What may happen to positions, from the least to the most restrictive."""

    WITHIN_LIMITS = "WITHIN-LIMITS"
    """They go where the strategy wants, as far as the limits allow."""
    SHRINK = "SHRINK"
    """They may only move towards zero; the pod chooses whether and when."""
    TOWARDS_ZERO = "TOWARDS-ZERO"
    """They must be worked towards zero at the pod's own pace, and may never grow."""
    HOLD = "HOLD"
    """They stay as they are: no order at all."""
    ZERO_IN_STEPS = "ZERO-IN-STEPS"
    """They are worked to zero in bounded steps, legs of a hedge together."""
    ZERO_AT_ONCE = "ZERO-AT-ONCE"
    """They are closed now, at the market."""


@dataclass(frozen=True)
class VerbRule:
    """The meaning of one verb. No verb ever lets a risk-adding order out."""

    severity: int
    """Of two halts the higher holds: it leaves less risk. Closing outranks FREEZE, which leaves the risk where it is."""
    trading_state: TradingState
    positions: Positions
    orders: str
    """What happens to resting orders."""


VERB_RULES: Mapping[HaltVerb, VerbRule] = {
    HaltVerb.CANCEL_RISK_ADDING: VerbRule(
        1, TradingState.REDUCING, Positions.SHRINK, "risk-adding orders are cancelled; reducing and protective orders stay"
    ),
    HaltVerb.REDUCE: VerbRule(
        2, TradingState.REDUCING, Positions.TOWARDS_ZERO, "risk-adding orders are cancelled; reducing and protective orders stay"
    ),
    HaltVerb.FREEZE: VerbRule(
        3, TradingState.HALTED, Positions.HOLD, "all orders are cancelled but protective ones; no new order of any kind"
    ),
    HaltVerb.UNWIND: VerbRule(
        4, TradingState.HALTED, Positions.ZERO_IN_STEPS, "all orders are cancelled but those that unwind, hedges with their legs"
    ),
    HaltVerb.FLATTEN: VerbRule(
        5, TradingState.HALTED, Positions.ZERO_AT_ONCE, "all orders are cancelled, protective ones once the position is closed"
    ),
}
