"""What was planted, as plain data for the report's page of the caricature and for tests."""

from dataclasses import dataclass

import numpy as np

from domain.times import DAYS_PER_YEAR, US_PER_HOUR, from_datetime
from laboratory.defects import Defects
from laboratory.levels import levels_of
from laboratory.settings import LaboratorySettings
from laboratory.window import Window


@dataclass(frozen=True)
class PlantedSymbol:
    """One contract's planted numbers; annual figures are fractions."""

    symbol: str
    beta: float
    volatility_annual: float
    """Of a whole daily return, premia included."""
    idiosyncratic_volatility_annual: float
    drift_sd_annual: float
    """Standard deviation of the slow drift, as an annual rate of return."""
    transient_sd_bps: float
    half_spread_bps: float
    volume_usd_day: float
    funding_mean_annual: float
    """What a constant long pays in a year, as a fraction of notional."""


@dataclass(frozen=True)
class PlantedDefect:
    """One error of the vendor: the bars that open in [from_us, until_us) of this symbol."""

    kind: str
    """gap, zero_volume, unfinished, revision or delisting."""
    symbol: str
    from_us: int
    until_us: int
    bars: int
    """Bars concerned; of a delisting, the hours up to the end of the sample without a bar."""
    known_at_us: int | None
    """When the delivery that carries it was known, where that is stated and not the bar's own time."""


@dataclass(frozen=True)
class Truth:
    """Everything planted in a window; every field is a number, a text or a tuple of such."""

    seed: int
    first_open_us: int
    closes_us: int
    days: int
    factor: str
    factor_volatility_annual: float
    factor_log_return_annual: float
    """Slope of the line that the factor's log price comes back to."""
    factor_reversion_half_life_days: float
    impact_coefficient: float
    """Y of return = Y sigma_day sign(Q) sqrt(|Q| / V_day)."""
    trend_half_life_days: float
    trend_daily_drift_sd: float
    """In units of idiosyncratic daily volatility."""
    trend_pull_back_half_life_days: float
    reversal_half_life_hours: float
    reversal_sd: float
    """In units of idiosyncratic daily volatility."""
    volatility_log_sd: float
    volatility_half_life_hours: tuple[float, float]
    """Slow and fast."""
    symbols: tuple[PlantedSymbol, ...]
    defects: tuple[PlantedDefect, ...]


def planted(seed: int, settings: LaboratorySettings, window: Window, defects: Defects) -> Truth:
    """The truth of these settings at this seed, as far as this window shows it."""
    volatility = settings.volatility
    return Truth(
        seed=seed,
        first_open_us=window.first_open_us,
        closes_us=window.closes_us,
        days=settings.days,
        factor=settings.symbols[0].symbol,
        factor_volatility_annual=settings.factor.volatility_annual,
        factor_log_return_annual=settings.factor.log_return_annual,
        factor_reversion_half_life_days=settings.factor.reversion_half_life_days,
        impact_coefficient=settings.flow.impact_coefficient,
        trend_half_life_days=settings.trend.half_life_days,
        trend_daily_drift_sd=settings.trend.daily_drift_sd,
        trend_pull_back_half_life_days=settings.trend.pull_back_half_life_days,
        reversal_half_life_hours=settings.reversal.half_life_hours,
        reversal_sd=settings.reversal.sd,
        volatility_log_sd=float(np.hypot(volatility.slow_sd, volatility.fast_sd)),
        volatility_half_life_hours=(volatility.slow_half_life_hours, volatility.fast_half_life_hours),
        symbols=_symbols(settings),
        defects=_defects(settings, window, defects),
    )


def _symbols(settings: LaboratorySettings) -> tuple[PlantedSymbol, ...]:
    levels = levels_of(settings)
    rows = []
    for column, item in enumerate(settings.symbols):
        rows.append(
            PlantedSymbol(
                symbol=item.symbol,
                beta=item.beta,
                volatility_annual=float(levels.total[column] * np.sqrt(DAYS_PER_YEAR)),
                idiosyncratic_volatility_annual=item.idiosyncratic_volatility_annual,
                drift_sd_annual=float(levels.drift[column] * DAYS_PER_YEAR),
                transient_sd_bps=float(levels.transient[column] * 10_000.0),
                half_spread_bps=item.half_spread_bps,
                volume_usd_day=item.volume_usd_day,
                funding_mean_annual=item.funding_mean_bps / 10_000.0 * 3 * DAYS_PER_YEAR,
            )
        )
    return tuple(rows)


def _defects(settings: LaboratorySettings, window: Window, defects: Defects) -> tuple[PlantedDefect, ...]:
    last = defects.snapshot_rows[1] - 1
    revised_us, taken_us = map(from_datetime, (settings.defects.revision_known_at, settings.defects.unfinished_taken_at))
    placed = (
        ("gap", defects.gap_column, defects.gap_rows, None),
        ("zero_volume", defects.flat_column, defects.flat_rows, None),
        ("revision", defects.revised_column, defects.corrected_rows, revised_us),
        ("unfinished", defects.snapshot_column, (max(last, defects.snapshot_rows[0]), last + 1), taken_us),
        ("delisting", defects.delisted_column, defects.delisted_rows, None),
    )
    return tuple(
        PlantedDefect(
            kind=kind,
            symbol=settings.symbols[column].symbol,
            from_us=window.first_open_us + start * US_PER_HOUR,
            until_us=window.first_open_us + end * US_PER_HOUR,
            bars=end - start,
            known_at_us=known_at_us,
        )
        for kind, column, (start, end), known_at_us in placed
        if start < end
    )
