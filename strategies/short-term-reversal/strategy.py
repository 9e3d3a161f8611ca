"""Short-term reversal (Lehmann 1990; Nagel 2012): liquidity is paid for taking the other side of a quick move."""

import numpy as np

HORIZON_HOURS = 6
GAP_HOURS = 24
"""A missing close is bridged by the last one for at most this long."""
SKILL = 0.05
"""Share of a move, in its own standard deviations, that is expected back within the horizon."""


def predict(view):
    hours = view.interval_us / 3.6e9
    window = max(1, round(view.params["window_hours"] / hours))
    price = np.log(_bridged(view.close, int(GAP_HOURS / hours)))
    move = np.full_like(price, np.nan)
    move[window:] = price[window:] - price[:-window]
    with np.errstate(divide="ignore", invalid="ignore"):
        size = move / (view.daily_volatility * np.sqrt(window * hours / 24.0))
    size[~np.isfinite(size) | ~np.isfinite(view.close)] = np.nan
    if view.params["relative"]:
        known = np.isfinite(size)
        count = known.sum(axis=1, keepdims=True)
        mean = np.where(known, size, 0.0).sum(axis=1, keepdims=True) / np.maximum(count, 1)
        size = np.where(count > 1, size - mean, np.nan)
    return -SKILL * np.clip(size, -3.0, 3.0) * view.daily_volatility * np.sqrt(HORIZON_HOURS / 24.0)


def _bridged(close, limit):
    row = np.arange(len(close))[:, None]
    last = np.maximum.accumulate(np.where(np.isfinite(close), row, -1), axis=0)
    filled = close[np.maximum(last, 0), np.arange(close.shape[1])]
    return np.where((last >= 0) & (row - last <= limit), filled, np.nan)
