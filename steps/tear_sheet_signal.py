"""The signal sheet of one configuration, for the page."""

from backtest.robustness.signal import Coefficient, SignalSheet, signal_sheet
from backtest.sizing import decision_bars
from domain.strategy import Style
from domain.times import US_PER_HOUR
from reporting.tear_sheet_data import Signal, SignalPoint
from steps.pod_returns import Workbench
from steps.roster import Member
from steps.sweep import Parameters

HORIZONS_HOURS = (1, 4, 8, 24, 72, 168, 336)
AGAINST_EACH_OTHER = {Style.CROSS_SECTIONAL, Style.CARRY}
"""Styles that hold some symbols against others; the rest take each by itself."""
LAGS = (0, 0.25, 0.5, 1, 2, 3, 5, 8)
"""In units of the manifest's horizon."""


def signal_of(member: Member, chosen: Parameters, bench: Workbench) -> Signal | None:
    """None for a stated stream, which predicts nothing."""
    if member.package is None:
        return None
    panel, manifest = bench.seen, member.manifest
    predictions = bench.predictions(member, chosen)
    bars_per_hour = US_PER_HOUR / panel.interval_us
    horizon = max(1, round(manifest.horizon_hours * bars_per_hour))
    found = signal_sheet(
        predictions,
        panel.close,
        decision_bars(panel, manifest.decide_every_hours),
        horizon_bars=horizon,
        horizons=sorted({max(1, round(hours * bars_per_hour)) for hours in (*HORIZONS_HOURS, manifest.horizon_hours)}),
        lags=sorted({round(lag * horizon) for lag in LAGS}),
        across=manifest.style in AGAINST_EACH_OTHER,
    )
    return _shown(found, horizon, bars_per_hour)


def _shown(found: SignalSheet, horizon: int, bars_per_hour: float) -> Signal:
    def points(coefficients: tuple[Coefficient, ...]) -> tuple[SignalPoint, ...]:
        return tuple(SignalPoint(hours=one.horizon_bars / bars_per_hour, value=one.value, t=one.t) for one in coefficients)

    return Signal(
        wide=found.wide,
        horizon_hours=horizon / bars_per_hour,
        by_horizon=points(found.by_horizon),
        decay=points(found.decay),
        half_life_hours=None if found.half_life_bars is None else found.half_life_bars / bars_per_hour,
        quantile_bps=found.quantile_bps,
        turnover=found.turnover,
        autocorrelation=found.autocorrelation,
    )
