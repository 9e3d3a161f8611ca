"""Section 7: volatility forecast, sizing and buffering."""

import math

import numpy as np

from measures.ewma import com_to_alpha, ewma, span_to_alpha
from measures.sizing import (
    AVERAGE_FORECAST,
    combine_forecasts,
    diversification_multiplier,
    position_chain,
    target_units,
    trade_to_edge,
)
from measures.volatility import FAST_WEIGHT, ewma_volatility
from tests.reference.parameters import asked_for, decimal
from tests.reference.registry import Inputs, Results, case


@case(section=7, inputs={"price", "point_value", "daily_pct_vol", "fx", "capital", "vol_target_pct", "forecast"})
def chain(inputs: Inputs) -> Results:
    found = position_chain(
        capital=inputs["capital"],
        volatility_target_annual=inputs["vol_target_pct"] / 100.0,
        price=inputs["price"],
        contract_size=inputs["point_value"],
        daily_volatility_pct=inputs["daily_pct_vol"],
        fx=inputs["fx"],
        forecast=inputs["forecast"],
    )
    return {
        "annual_cash_vol": found.annual_cash_volatility,
        "daily_cash_vol": found.daily_cash_volatility,
        "block_value": found.block_value,
        "instrument_ccy_vol": found.instrument_currency_volatility,
        "instrument_value_vol": found.instrument_value_volatility,
        "vol_scalar": found.volatility_scalar,
        "subsystem_position": found.position,
    }


@case(section=7, inputs={"returns", "span", "min_periods"})
def exponential_volatility(inputs: Inputs, asked: tuple[str, ...]) -> Results:
    returns = np.array(inputs["returns"], dtype=np.float64)[:, None]
    span, min_obs = inputs["span"], inputs["min_periods"]
    alpha = span_to_alpha(span)
    fast = ewma_volatility(returns, span, min_obs=min_obs)
    slow = {
        "blend_70_30_simple_mean_of_vol": float(np.nanmean(fast)),
        **{key: _last_mean(fast, com_to_alpha(decimal(com))) for key, com in asked_for(r"blend_com([0-9p]+)", asked)},
        **{key: _last_mean(fast, span_to_alpha(decimal(slow))) for key, slow in asked_for(r"blend_span([0-9p]+)", asked)},
    }
    return {
        "alpha": alpha,
        "com": 1.0 / alpha - 1.0,
        "half_life": math.log(0.5) / math.log(1.0 - alpha),
        "vol_last": fast[-1, 0],
        "vol_if_bias_true": ewma_volatility(returns, span, min_obs=min_obs, bias=True)[-1, 0],
        "vol_if_adjust_false": ewma_volatility(returns, span, min_obs=min_obs, adjust=False)[-1, 0],
        **{key: FAST_WEIGHT * fast[-1, 0] + (1.0 - FAST_WEIGHT) * mean for key, mean in slow.items()},
    }


def _last_mean(fast: np.ndarray, alpha: float) -> float:
    return float(ewma(fast, alpha).mean[-1, 0])


@case(section=7, inputs={"n", "mean_corr", "cap"})
def equal_weights(inputs: Inputs) -> Results:
    def multiplier(n: int, rho: float) -> float:
        correlation = np.full((n, n), float(rho))
        np.fill_diagonal(correlation, 1.0)
        return diversification_multiplier(correlation, np.full(n, 1.0 / n), inputs["cap"])

    return {"rows_by_n": [[multiplier(n, rho) for rho in inputs["mean_corr"]] for n in inputs["n"]]}


@case(section=7, inputs={"C", "w", "forecasts", "cap"})
def combination(inputs: Inputs, asked: tuple[str, ...]) -> Results:
    weights = np.array(inputs["w"], dtype=np.float64)
    multiplier = diversification_multiplier(np.array(inputs["C"], dtype=np.float64), weights)

    def combined(forecasts: np.ndarray) -> float:
        return combine_forecasts(forecasts, weights, multiplier, inputs["cap"])

    same = asked_for(r"combined_if_all_([0-9p]+)", asked)
    return {
        "FDM": multiplier,
        "combined": combined(np.array(inputs["forecasts"], dtype=np.float64)),
        **{key: combined(np.full(weights.size, decimal(value))) for key, value in same},
    }


@case(
    section=7,
    inputs={
        "capital", "target_vol", "IDM", "weight", "price", "annual_vol", "multiplier", "forecast", "buffer", "current",
    },
)  # fmt: skip
def buffered(inputs: Inputs) -> Results:
    def units(forecast: float) -> float:
        return target_units(
            capital=inputs["capital"],
            volatility_target_annual=inputs["target_vol"],
            multiplier=inputs["IDM"],
            weight=inputs["weight"],
            forecast=forecast,
            price=inputs["price"],
            volatility_annual=inputs["annual_vol"],
            contract_size=inputs["multiplier"],
        )

    position = units(inputs["forecast"])
    width = inputs["buffer"] * units(AVERAGE_FORECAST)
    return {
        "position": position,
        "buffer_units": width,
        "trade_to": [trade_to_edge(current, position, width) for current in inputs["current"]],
    }
