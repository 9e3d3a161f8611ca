"""Unconditional daily volatilities that follow from the settings."""

from dataclasses import dataclass

import numpy as np

from domain.arrays import FloatArray
from domain.times import DAYS_PER_YEAR
from laboratory.settings import LaboratorySettings


@dataclass(frozen=True)
class Levels:
    """(N,) by symbol, fractions per square root of a day unless stated."""

    beta: FloatArray
    factor: float
    idiosyncratic: FloatArray
    """Without the premia; 0 for the factor."""
    drift: FloatArray
    """Standard deviation of the drift, log return per day."""
    transient: FloatArray
    """Standard deviation of the transient part, log price."""
    transient_return: FloatArray
    """What the transient part adds to a daily return."""

    @property
    def total(self) -> FloatArray:
        """Of a whole daily return, premia included."""
        parts = (self.beta * self.factor) ** 2 + self.idiosyncratic**2 + self.drift**2 + self.transient_return**2
        return np.asarray(np.sqrt(parts))


def levels_of(settings: LaboratorySettings) -> Levels:
    """The levels of these settings."""
    annual = np.array([item.idiosyncratic_volatility_annual for item in settings.symbols])
    own = annual / np.sqrt(DAYS_PER_YEAR)
    transient = settings.reversal.sd * own
    left_after_a_day = 0.5 ** (24.0 / settings.reversal.half_life_hours)
    return Levels(
        beta=np.array([item.beta for item in settings.symbols]),
        factor=settings.factor.volatility_annual / np.sqrt(DAYS_PER_YEAR),
        idiosyncratic=own,
        drift=settings.trend.daily_drift_sd * own,
        transient=transient,
        transient_return=transient * np.sqrt(2.0 * (1.0 - left_after_a_day)),
    )
