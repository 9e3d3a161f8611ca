"""The hidden state of the simulated market: volatility, flow, drift, transient part, and the log price they add to.

Every row follows from the rows before it, and nothing is scaled over the sample: a longer history begins with a shorter one,
bit by bit.
"""

from dataclasses import dataclass

import numpy as np

from domain.arrays import FloatArray
from domain.times import DAYS_PER_YEAR
from laboratory.levels import Levels, levels_of
from laboratory.processes import autoregressive, decaying_sum, heavy_tailed, trailing_mean
from laboratory.settings import LaboratorySettings
from laboratory.streams import Purpose, stream

HOURS_PER_DAY = 24
VOLUME_WINDOW_DAYS = 30
"""The daily volume of the impact law is the mean of this many days before the hour."""
IMBALANCE_LIMIT = 0.9


@dataclass(frozen=True)
class Paths:
    """Arrays are (T, N) by hour since the origin and symbol unless stated; no NaN."""

    log_price: FloatArray
    """Log of the mid price at the end of the hour."""
    log_start: FloatArray
    """(N,) log of the mid price at the origin."""
    sigma_hour: FloatArray
    """Volatility of the hour's return, fast component included."""
    impact_sigma_day: FloatArray
    """Daily volatility of the impact law: without the fast component, which no forecast could know."""
    impact_volume_usd_day: FloatArray
    """Daily volume of the impact law."""
    volume_usd: FloatArray
    imbalance: FloatArray
    """(taker buys - taker sells) / volume."""
    drift: FloatArray
    """Planted idiosyncratic drift of the hour, a log return."""
    transient: FloatArray
    """Planted transient part of the log price at the end of the hour."""


def simulate(seed: int, hours: int, settings: LaboratorySettings) -> Paths:
    """All hidden paths over the first `hours` hours since the origin."""
    levels = levels_of(settings)
    slow, fast = _volatility_states(seed, hours, settings)
    imbalance, volume = _flow(seed, settings, slow + fast)
    volume_day = HOURS_PER_DAY * trailing_mean(volume, VOLUME_WINDOW_DAYS * HOURS_PER_DAY)
    sigma_day = _total_volatility(levels, slow)
    impact = _impact(settings, sigma_day, imbalance * volume, volume_day)
    drift = _drift(seed, hours, settings, levels)
    transient = _transient(seed, hours, settings, levels)
    shocks = _shocks(seed, settings, levels, slow + fast)
    moves = shocks + impact
    factor = _factor(settings, moves[:, :1])
    moves[:, 0] = 0.0
    log_start = np.log([item.start_price_usd for item in settings.symbols])
    trending = decaying_sum(drift, settings.trend.pull_back_half_life_days * HOURS_PER_DAY)
    log_price = log_start + factor * levels.beta + np.cumsum(moves, axis=0) + trending + transient
    return Paths(
        log_price=log_price,
        log_start=log_start,
        sigma_hour=_total_volatility(levels, slow + fast) / np.sqrt(HOURS_PER_DAY),
        impact_sigma_day=sigma_day,
        impact_volume_usd_day=volume_day,
        volume_usd=volume,
        imbalance=imbalance,
        drift=drift,
        transient=transient,
    )


def _volatility_states(seed: int, hours: int, settings: LaboratorySettings) -> tuple[FloatArray, FloatArray]:
    """(T, N) slow and fast parts of log-volatility, each with mean exp(2x) = 1; column 0 is the common one."""
    chosen = settings.volatility
    shocks = stream(seed, Purpose.VOLATILITY).standard_normal((hours, 2, len(settings.symbols)))
    speeds = ((chosen.slow_half_life_hours, chosen.slow_sd), (chosen.fast_half_life_hours, chosen.fast_sd))
    states = []
    for part, (half_life, sd) in enumerate(speeds):
        own = autoregressive(shocks[:, part], half_life)
        mixed = np.sqrt(chosen.common_share) * own[:, :1] + np.sqrt(1.0 - chosen.common_share) * own
        mixed[:, 0] = own[:, 0]
        states.append(sd * mixed - sd**2)
    return states[0], states[1]


def _total_volatility(levels: Levels, state: FloatArray) -> FloatArray:
    """(T, N) daily volatility of the whole return in this state of log-volatility."""
    common = levels.beta * levels.factor
    own = levels.total**2 - common**2
    return np.asarray(np.sqrt((common * np.exp(state[:, :1])) ** 2 + own * np.exp(2.0 * state)))


def _flow(seed: int, settings: LaboratorySettings, state: FloatArray) -> tuple[FloatArray, FloatArray]:
    """(T, N) imbalance of taker flow, and volume in USD, which rises with volatility."""
    imbalance = settings.flow.imbalance_sd * stream(seed, Purpose.FLOW).standard_normal(state.shape)
    noise = autoregressive(stream(seed, Purpose.VOLUME).standard_normal(state.shape), settings.flow.volume_half_life_hours)
    level = np.array([item.volume_usd_day for item in settings.symbols]) / HOURS_PER_DAY
    sd = settings.flow.volume_log_sd
    volume = level * np.exp(0.5 * state + sd * noise - 0.5 * sd**2)
    return np.clip(imbalance, -IMBALANCE_LIMIT, IMBALANCE_LIMIT), volume


def _impact(settings: LaboratorySettings, sigma_day: FloatArray, signed_usd: FloatArray, volume_day: FloatArray) -> FloatArray:
    """(T, N) Y sigma sign(Q) sqrt(|Q| / V). Source: Toth et al. 2011, Physical Review X 1, 021006."""
    size = np.sqrt(np.abs(signed_usd) / volume_day)
    return np.asarray(settings.flow.impact_coefficient * sigma_day * np.sign(signed_usd) * size)


def _factor(settings: LaboratorySettings, moves: FloatArray) -> FloatArray:
    """(T, 1) log price of the factor since the origin: a straight line, and (T, 1) moves around it that are slowly given back.

    An Ornstein-Uhlenbeck deviation: its standard deviation stays bounded, so that no window of two years lacks the rise.
    """
    chosen = settings.factor
    line = chosen.log_return_annual / (DAYS_PER_YEAR * HOURS_PER_DAY) * np.arange(1.0, len(moves) + 1.0)
    return line[:, None] + decaying_sum(moves, chosen.reversion_half_life_days * HOURS_PER_DAY)


def _drift(seed: int, hours: int, settings: LaboratorySettings, levels: Levels) -> FloatArray:
    """(T, N) Ornstein-Uhlenbeck drift for each hour; none for the factor."""
    shocks = stream(seed, Purpose.DRIFT).standard_normal((hours, len(settings.symbols)))
    return autoregressive(shocks, settings.trend.half_life_days * HOURS_PER_DAY) * (levels.drift / HOURS_PER_DAY)


def _transient(seed: int, hours: int, settings: LaboratorySettings, levels: Levels) -> FloatArray:
    """(T, N) part of the log price that decays within hours; none for the factor."""
    shocks = stream(seed, Purpose.TRANSIENT).standard_normal((hours, len(settings.symbols)))
    return autoregressive(shocks, settings.reversal.half_life_hours) * levels.transient


def _shocks(seed: int, settings: LaboratorySettings, levels: Levels, state: FloatArray) -> FloatArray:
    """(T, N) heavy-tailed shocks of an hour; impact and shocks together have the stated volatility.

    Column 0 is the factor's; the others are idiosyncratic.
    """
    generator = stream(seed, Purpose.SHOCKS)
    unit = heavy_tailed(generator, (state.shape[0], state.shape[1]), settings.volatility.tail_degrees)
    variance = levels.idiosyncratic**2
    variance[0] = levels.factor**2
    mean_imbalance = settings.flow.imbalance_sd * np.sqrt(2.0 / np.pi)
    impact_variance = settings.flow.impact_coefficient**2 * mean_imbalance * levels.total**2
    left = np.maximum(variance - impact_variance, 0.25 * variance)
    return np.asarray(unit * np.exp(state) * np.sqrt(left / HOURS_PER_DAY))
