"""A tear sheet with every part filled, of made-up numbers."""

import datetime as dt
from typing import Any

import numpy as np

from domain.evidence import Figure
from reporting.gate_data import Claim
from reporting.tear_sheet_data import (
    CrisisRow,
    Daily,
    Fan,
    Grid,
    Question,
    RegimeRow,
    Signal,
    SignalPoint,
    TearSheet,
)
from reporting.values import CapacityCurve, Mode, TrialCount

DAYS = 200
FIRST_US = int(np.datetime64("2024-11-20", "us").astype(np.int64))
DAY_US = tuple(FIRST_US + day * 86_400_000_000 for day in range(DAYS))


def ratio(value: float | None) -> Figure:
    return Figure(value=value, unit="1", low=None if value is None else value - 1, high=None if value is None else value + 1)


def daily() -> Daily:
    random = np.random.default_rng(5)
    price, fees = random.normal(0.002, 0.01, DAYS), np.full(DAYS, -0.0005)
    flat = (0.5,) * DAYS
    return Daily(
        day_us=DAY_US,
        net_return=tuple((price + fees).tolist()),
        market="BTCUSDT",
        market_return=(None, *random.normal(0, 0.03, DAYS - 1).tolist()),
        gross_exposure=flat,
        net_exposure=flat,
        turnover=flat,
        component={"fees": tuple(fees.tolist()), "price": tuple(price.tolist()), "borrow": (0.0,) * DAYS},
        rolling_window_days=90,
        rolling_sharpe=(None,) * 89 + (1.0,) * (DAYS - 89),
        rolling_volatility=(None,) * 89 + (0.2,) * (DAYS - 89),
        rolling_beta=(None,) * 90 + (0.1,) * (DAYS - 90),
    )


def grid() -> Grid:
    return Grid(
        configurations=4,
        labels=("a", "b", "c", "d"),
        in_sample=(1.0, 2.0, 0.5, None),
        out_of_sample=(0.5, 0.1, -0.5, None),
        chosen=0,
        best_in_sample=1,
        cut_day="2025-03-01",
        rank_correlation=0.5,
        paths=((1.0, 1.1, 1.2), (1.0, 0.9, 1.3), (1.0, 1.0, 0.8)),
        path_day_us=DAY_US[:3],
        path_sharpe=ratio(0.7),
        walks=(Claim(label="all of the past", figure=ratio(0.4)),),
        x_name="fast",
        x_values=(2.0, 4.0),
        y_name="slow",
        y_values=(8.0, 16.0),
        cells=((1.0, 2.0), (0.5, None)),
        chosen_cell=(0, 0),
        plateau=1.25,
        share_positive=1.0,
        fixed={"smooth": 3},
    )


def sheet(**changes: Any) -> TearSheet:
    point = SignalPoint(hours=24.0, value=0.05, t=2.1)
    whole: dict[str, Any] = {
        "run": "0123456789abcdef",
        "mode": Mode.SIMULATED,
        "strategy": "made-up",
        "version": 3,
        "authors": ("A. Author",),
        "description": "Nothing but numbers.",
        "style": "trend",
        "package": "sha256:" + "ab" * 32,
        "venue": "sim",
        "market": "linear",
        "symbols": 4,
        "bar_minutes": 60.0,
        "data_as_of_us": DAY_US[-1],
        "snapshot": 2,
        "content_digest": "sha256:" + "cd" * 32,
        "capital_usd": 1e6,
        "parameters": {"fast": 2, "slow": 8},
        "trials": TrialCount(strategy="made-up", unique=40, elsewhere=2, effective=7.5, sharpe_bar_annual=1.1),
        "headline": (Claim(label="Sharpe ratio, annual", figure=ratio(1.5)), Claim(label="Turnover a year", figure=ratio(12.0))),
        "tests": (
            Question(question="Is it above zero?", figure=ratio(0.97), meaning="PSR."),
            Question(question="How long?", figure=Figure(value=None, unit="days", note="never"), meaning="MinTRL."),
        ),
        "daily": daily(),
        "grid": grid(),
        "regimes": (RegimeRow(dimension="trend", name="rising", days=50, mean_annual=0.1, sharpe=ratio(2.0)),),
        "crises": (
            CrisisRow(
                name="Flood",
                first=dt.date(2025, 2, 1),
                days=2,
                days_in_window=4,
                total_return=-0.0523,
                max_drawdown=0.06,
                worst_day=-0.04,
                market_return=None,
            ),
        ),
        "fan": Fan(
            day_us=DAY_US[::50],
            quantiles=(0.05, 0.25, 0.5, 0.75, 0.95),
            wealth=tuple(tuple(1 + 0.1 * row * step for step in range(4)) for row in range(1, 6)),
            max_drawdown=(0.05, 0.07, 0.1, 0.15, 0.3),
            p_loss=0.125,
            block_days=4.5,
            paths=2000,
        ),
        "costs": tuple(Claim(label=f"cost x {times}", figure=ratio(2.0 - times)) for times in (1, 2, 3)),
        "delays": (Claim(label="1 bar later", figure=ratio(0.9)),),
        "capacity": CapacityCurve(pod="made-up", capital_usd=(1e5, 1e6), cost_bps=(3.0, 9.0), capacity_usd=5e5),
        "capacity_note": "Bound by cost.",
        "signal": Signal(
            wide=True,
            horizon_hours=24.0,
            by_horizon=(point,),
            decay=(point, SignalPoint(hours=48.0, value=0.01)),
            half_life_hours=36.5,
            quantile_bps=(-5.0, -1.0, 0.5, 2.0, 6.0),
            turnover=0.25,
            autocorrelation=0.9,
        ),
        "leakage": Question(question="None found.", figure=ratio(0.0), meaning="By its newest leak test."),
        "latency": (Claim(label="p99", figure=Figure(value=1500.0, unit="us")),),
    }
    return TearSheet(**(whole | changes))
