"""Cross-sectional momentum (Jegadeesh and Titman 1993; for coins, Liu, Tsyvinski and Wu 2022): past winners against losers."""

import numpy as np

HORIZON_HOURS = 72
GAP_HOURS = 24
"""A missing close is bridged by the last one for at most this long."""
SYMBOLS_MIN = 3
SKILL = 0.05
"""Expected return per unit of relative signal, in standard deviations of the horizon's return."""


def predict(view):
    hours = view.interval_us / 3.6e9
    window, skip = (round(view.params[name] / hours) for name in ("window_hours", "skip_hours"))
    price = np.log(_bridged(view.close, int(GAP_HOURS / hours)))
    past = np.full_like(price, np.nan)
    past[window + skip :] = price[window : len(price) - skip] - price[: max(len(price) - window - skip, 0)]
    with np.errstate(divide="ignore", invalid="ignore"):
        strength = past / (view.daily_volatility * np.sqrt(window * hours / 24.0))
    strength[~np.isfinite(strength) | ~np.isfinite(view.close)] = np.nan
    known = np.isfinite(strength)
    count = known.sum(axis=1, keepdims=True)
    mean = np.where(known, strength, 0.0).sum(axis=1, keepdims=True) / np.maximum(count, 1)
    relative = np.clip(strength - mean, -2.0, 2.0)
    return np.where(count >= SYMBOLS_MIN, SKILL * relative * view.daily_volatility * np.sqrt(HORIZON_HOURS / 24.0), np.nan)


def _bridged(close, limit):
    row = np.arange(len(close))[:, None]
    last = np.maximum.accumulate(np.where(np.isfinite(close), row, -1), axis=0)
    filled = close[np.maximum(last, 0), np.arange(close.shape[1])]
    return np.where((last >= 0) & (row - last <= limit), filled, np.nan)
