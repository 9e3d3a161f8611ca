"""Random streams split by purpose: a change in what one purpose draws leaves the others as they were.

Whatever has a row for each hour, stamp or day is drawn row by row in one call, so that the draws of a longer history begin
with those of a shorter one.
"""

from enum import IntEnum

import numpy as np


class Purpose(IntEnum):
    """One stream each; a number is never used again for another purpose."""

    VOLATILITY = 0
    SHOCKS = 1
    DRIFT = 2
    TRANSIENT = 3
    FLOW = 4
    VOLUME = 5
    EXTREMES = 6
    BOUNCE = 7
    FUNDING = 8
    LATENCY = 9
    DECAYED_EDGE = 10
    SLOW_MAKER = 11


def stream(seed: int, purpose: Purpose) -> np.random.Generator:
    """A PCG64 generator that depends on the seed and the purpose alone."""
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence(entropy=seed, spawn_key=(int(purpose),))))
