"""Levered bitcoin: the same reward for risk is expected every day, so that sizing holds a constant volatility."""

import numpy as np

HORIZON_HOURS = 24


def predict(view):
    bitcoin = np.array([symbol.startswith("BTC") for symbol in view.symbols])
    reward = view.params["sharpe_annual"] / np.sqrt(365.0) * view.daily_volatility * np.sqrt(HORIZON_HOURS / 24.0)
    return np.where(bitcoin & np.isfinite(view.close), reward, np.nan)
