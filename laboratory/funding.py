"""Funding of the simulated perpetuals: one rate every eight hours, in part common to all."""

import numpy as np

from domain.arrays import FloatArray
from laboratory.processes import autoregressive
from laboratory.settings import LaboratorySettings
from laboratory.streams import Purpose, stream

STAMP_HOURS = 8
STAMPS_PER_DAY = 24 // STAMP_HOURS
RATE_DECIMALS = 8
RATE_LIMIT_BPS = 75.0


def funding_rates(seed: int, stamps: int, settings: LaboratorySettings) -> FloatArray:
    """(S, N) rates of the first stamps since the origin, at 00:00, 08:00 and 16:00 of each day.

    Fraction of notional, longs pay when positive.
    """
    chosen = settings.funding
    shocks = stream(seed, Purpose.FUNDING).standard_normal((stamps, 1 + len(settings.symbols)))
    common = autoregressive(shocks[:, :1], chosen.common_half_life_days * STAMPS_PER_DAY)
    own = autoregressive(shocks[:, 1:], chosen.own_half_life_days * STAMPS_PER_DAY)
    mean_bps = np.array([item.funding_mean_bps for item in settings.symbols])
    rate_bps = np.clip(mean_bps + chosen.common_sd_bps * common + chosen.own_sd_bps * own, -RATE_LIMIT_BPS, RATE_LIMIT_BPS)
    return np.asarray(np.round(rate_bps / 10_000.0, RATE_DECIMALS), dtype=np.float64)
