"""The researcher's loop: a volatility forecast for the panel, a record for a prediction, and a page for a finalist."""

from backtest.costs import CostModel
from backtest.days import daily_closes, daily_returns, known_next_day
from backtest.run import run_backtest
from backtest.sizing import target_weights
from domain.arrays import FloatArray
from domain.market import Panel
from domain.pod import ExecutionProfile
from domain.record import PodRecord
from domain.strategy import Manifest
from measures.volatility import volatility_forecast


def central_volatility(panel: Panel) -> FloatArray:
    """(T, N) the central forecast of daily volatility, fraction per square root of a day; NaN until there is one.

    Computed from daily closes; the value of a day is known at its close and stands from the next bar on.
    """
    _, closes = daily_closes(panel)
    return known_next_day(volatility_forecast(daily_returns(closes)), panel)


def evaluate(
    panel: Panel,
    predictions: FloatArray,
    manifest: Manifest,
    costs: CostModel,
    profile: ExecutionProfile,
    *,
    capital_usd: float,
    volatility_target_annual: float,
    daily_volatility: FloatArray,
    pod: str,
) -> PodRecord:
    """The record of one configuration: predictions, (T, N) expected returns over the horizon, sized, traded and charged.

    The panel carries funding for every bar of a contract (`funding.fill_missing`). Raises Refused where the manifest does
    not trade the panel's market or universe, or where a short on spot has no stated borrow rate.
    """
    targets = target_weights(panel, predictions, daily_volatility, manifest, volatility_target_annual=volatility_target_annual)
    return run_backtest(panel, targets, costs, profile, capital_usd=capital_usd, pod=pod, daily_volatility=daily_volatility)
