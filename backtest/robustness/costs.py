"""The same trades at another price."""

import numpy as np

from domain.arrays import FloatArray
from domain.record import PodRecord

COSTS = ("fees", "spread", "impact")


def returns_at_cost(record: PodRecord, multiple: float) -> FloatArray:
    """(D,) net returns with fees, spread and impact times `multiple`; what a day earned in spread or rebates is not multiplied.

    Exact, and not an approximation: at constant capital no position depends on what earlier trades cost.
    """
    charged = np.sum([np.minimum(record.component[name], 0.0) for name in COSTS], axis=0)
    return np.asarray(record.net_return + (multiple - 1.0) * charged)
