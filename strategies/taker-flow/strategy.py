"""Order-flow imbalance (Chordia, Roll and Subrahmanyam 2002): pressure from takers, faded (follow -1) or followed (follow 1)."""

import numpy as np

HORIZON_HOURS = 8
USUAL_HOURS = 168
SKILL = 0.05


def predict(view):
    hours = view.interval_us / 3.6e9
    window, usual = max(1, round(view.params["window_hours"] / hours)), round(USUAL_HOURS / hours)
    known = np.isfinite(view.taker_buy_volume) & np.isfinite(view.volume) & (view.volume > 0.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        balance = np.where(known, 2.0 * view.taker_buy_volume / view.volume - 1.0, 0.0)
    seen, seen_usual = (_trailing_sum(known.astype(float), length) for length in (window, usual))
    recent = _trailing_sum(balance, window) / np.maximum(seen, 1.0)
    mean = _trailing_sum(balance, usual) / np.maximum(seen_usual, 1.0)
    spread = np.sqrt(np.maximum(_trailing_sum(balance**2, usual) / np.maximum(seen_usual, 1.0) - mean**2, 0.0) / window)
    enough = (seen > 0.5 * window) & (seen_usual > 0.5 * usual) & (spread > 1e-6) & np.isfinite(view.close)
    pressure = np.clip((recent - mean) / np.where(enough, spread, 1.0), -2.0, 2.0)
    reward = SKILL * view.params["follow"] * view.daily_volatility * np.sqrt(HORIZON_HOURS / 24.0)
    return np.where(enough, pressure * reward, np.nan)


def _trailing_sum(values, window):
    total = np.cumsum(values, axis=0)
    total[window:] -= total[:-window].copy()
    return total
