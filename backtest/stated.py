"""A record of returns that a pod states, with nothing simulated behind them."""

import numpy as np

from backtest.days import whole_days
from domain.arrays import FloatArray
from domain.errors import Refused
from domain.market import Panel
from domain.record import COMPONENTS, Orders, PodRecord


def stated_record(panel: Panel, returns: FloatArray, *, pod: str, capital_usd: float) -> PodRecord:
    """The record of (D,) stated daily net returns over the last D whole days of the panel.

    What was not stated is NaN, and never zero: exposures and turnover are unknown, and there are no orders.
    Raises Refused where the panel has fewer days.
    """
    days, _ = whole_days(panel)
    if len(days) < len(returns):
        raise Refused(
            f"{pod}: expected at most {len(days)} stated returns, one for each whole day of the panel, got {len(returns)}"
        )
    unknown = np.full(len(returns), np.nan)
    return PodRecord(
        pod=pod,
        capital_usd=capital_usd,
        symbols=(),
        day_us=days[-len(returns) :],
        net_return=np.asarray(returns, dtype=np.float64),
        component={
            name: np.asarray(returns, dtype=np.float64) if name == "price" else np.zeros(len(returns)) for name in COMPONENTS
        },
        gross_exposure=unknown,
        net_exposure=unknown,
        turnover=unknown,
        position_mean_abs_usd=np.zeros(0),
        position_last_usd=np.zeros(0),
        traded_usd=np.zeros(0),
        orders=_no_orders(),
    )


def _no_orders() -> Orders:
    whole, real = np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.float64)
    return Orders(
        decided_us=whole,
        symbol=whole,
        side=whole,
        quantity=real,
        filled=real,
        decision_price=real,
        arrival_price=real,
        fill_price=real,
        end_price=real,
        fee_usd=real,
        spread_usd=real,
        impact_usd=real,
        maker_quantity=real,
    )
