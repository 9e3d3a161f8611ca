"""Where a live shortfall comes from: the signal's edge, or its execution."""

import math
from dataclasses import dataclass
from enum import StrEnum

FLAG = 2.0
"""Standard errors at which a gap is more than noise."""


class Cause(StrEnum):
    """What to do follows from it: reduce or retire, fix execution and keep the alpha, halt, or wait."""

    EDGE = "edge"
    EXECUTION = "execution"
    BOTH = "both"
    NOISE = "noise"


@dataclass(frozen=True)
class LiveGap:
    """Live against backtest, in the unit of the inputs per day."""

    z_edge: float
    """Of the signal run on paper fills; negative = less than expected."""
    z_execution: float
    """Of the cost that was paid; positive = dearer than modelled."""
    gap: float
    """Live less backtest, net: the edge's gap less the cost's, exactly."""
    cause: Cause


def edge_or_execution(
    n: int, *, edge_expected: float, edge_sd: float, edge_live: float, cost_expected: float, cost_sd: float, cost_live: float
) -> LiveGap | None:
    """Two z-values over n days of means against what was expected; sd are those of a day. None where n or an sd is not positive.

    Flags at |z| >= 2. The edge is that of the live signal on paper fills, so that the two parts do not overlap.
    """
    if n < 1 or not (edge_sd > 0 and cost_sd > 0):
        return None
    root = math.sqrt(n)
    z_edge, z_execution = (edge_live - edge_expected) / edge_sd * root, (cost_live - cost_expected) / cost_sd * root
    edge, execution = abs(z_edge) >= FLAG, abs(z_execution) >= FLAG
    cause = Cause.BOTH if edge and execution else Cause.EDGE if edge else Cause.EXECUTION if execution else Cause.NOISE
    return LiveGap(z_edge, z_execution, (edge_live - edge_expected) - (cost_live - cost_expected), cause)
