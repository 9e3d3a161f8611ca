"""From a forecast to a position, step by step. Source: Carver (2015), Systematic Trading; Carver (2023), AFTS."""

import math
from dataclasses import dataclass

import numpy as np

from domain.arrays import FloatArray
from domain.errors import Refused

AVERAGE_FORECAST = 10.0
FORECAST_CAP = 20.0
MULTIPLIER_CAP = 2.5
CARVER_PERIODS_PER_YEAR = 256.0
"""So that a day is a sixteenth of a year's volatility."""


@dataclass(frozen=True)
class PositionChain:
    """Every link from capital and price to contracts, in the order in which they are worked out."""

    annual_cash_volatility: float
    """Of the account, in its currency."""
    daily_cash_volatility: float
    block_value: float
    """Change in value of one contract, in its own currency, when the price moves by 1 %."""
    instrument_currency_volatility: float
    """Daily, of one contract, in its own currency."""
    instrument_value_volatility: float
    """Daily, of one contract, in the account's currency."""
    volatility_scalar: float
    """Contracts at the average forecast."""
    position: float
    """Contracts at this forecast."""


def position_chain(
    *,
    capital: float,
    volatility_target_annual: float,
    price: float,
    contract_size: float,
    daily_volatility_pct: float,
    fx: float,
    forecast: float,
    periods_per_year: float = CARVER_PERIODS_PER_YEAR,
) -> PositionChain:
    """One instrument on the whole capital; `daily_volatility_pct` in per cent of price. Refused where a size is not positive."""
    _need_positive(price=price, contract_size=contract_size, daily_volatility_pct=daily_volatility_pct, fx=fx)
    annual = capital * volatility_target_annual
    daily = annual / math.sqrt(periods_per_year)
    block = price * contract_size / 100.0
    own = block * daily_volatility_pct
    scalar = daily / (own * fx)
    return PositionChain(annual, daily, block, own, own * fx, scalar, scalar * forecast / AVERAGE_FORECAST)


def target_units(
    *,
    capital: float,
    volatility_target_annual: float,
    multiplier: float,
    weight: float,
    forecast: float,
    price: float,
    volatility_annual: float,
    contract_size: float = 1.0,
    fx: float = 1.0,
) -> float:
    """capital tau IDM w (forecast / 10) / (contract size x price x fx x sigma): units of one instrument in a portfolio.

    Refused where price, volatility, contract size or exchange rate is not positive.
    """
    _need_positive(price=price, contract_size=contract_size, volatility_annual=volatility_annual, fx=fx)
    risk = capital * volatility_target_annual * multiplier * weight * forecast / AVERAGE_FORECAST
    return risk / (contract_size * price * fx * volatility_annual)


def diversification_multiplier(correlation: FloatArray, weights: FloatArray, cap: float = MULTIPLIER_CAP) -> float:
    """1 / sqrt(w' H w) with negative correlations floored at 0, at most `cap`; for instruments and for forecasts alike."""
    return min(cap, 1.0 / math.sqrt(float(weights @ np.maximum(correlation, 0.0) @ weights)))


def combine_forecasts(forecasts: FloatArray, weights: FloatArray, multiplier: float, cap: float = FORECAST_CAP) -> float:
    """Weighted mean of forecasts times the diversification multiplier, held within +/- cap."""
    return float(np.clip(multiplier * (weights @ forecasts), -cap, cap))


def trade_to_edge(current: float, target: float, buffer_units: float) -> float:
    """Where to trade: the current position while it is within the buffer around the target, else the nearest edge."""
    return min(max(current, target - buffer_units), target + buffer_units)


def _need_positive(**sizes: float) -> None:
    for name, size in sizes.items():
        if not size > 0:
            raise Refused(f"{name}: expected a number above zero, got {size}; without it no position can be sized")
