"""EWMAC trend (Carver 2015): fast minus slow exponential average of log price, as a multiple of its usual size."""

import numpy as np
from scipy.signal import lfilter

HORIZON_HOURS = 24
MEMORY_SPANS = 4
"""Exponential weights are cut off after this many slow spans, so that the lookback is finite."""
GAP_HOURS = 24
"""A missing close is bridged by the last one for at most this long."""
SKILL = 0.05
"""Expected return per unit of signal, in standard deviations of the horizon's return."""


def predict(view):
    hours = view.interval_us / 3.6e9
    fast, slow = (max(2.0, view.params[name] / hours) for name in ("fast_hours", "slow_hours"))
    window = int(MEMORY_SPANS * slow)
    price = np.log(_bridged(view.close, int(GAP_HOURS / hours)))
    returns = np.diff(price, axis=0, prepend=np.nan)
    known = np.isfinite(returns)
    flow = np.where(known, returns, 0.0)
    # An average of the price minus a faster one is a weighted sum of returns: the weights are the averages' tails.
    trend = _tail_sum(flow, slow, window) - _tail_sum(flow, fast, window)
    decay_fast, decay_slow = (1.0 - 2.0 / (span + 1.0) for span in (fast, slow))
    age = np.arange(1, window + 1)
    usual = np.sqrt(np.sum((decay_slow**age - decay_fast**age) ** 2))
    per_bar = view.daily_volatility / np.sqrt(24.0 / hours)
    whole = _trailing_sum(known.astype(float), window) > window - 0.5
    with np.errstate(divide="ignore", invalid="ignore"):
        signal = np.clip(trend / (usual * per_bar), -2.0, 2.0)
    return np.where(whole, SKILL * signal * view.daily_volatility * np.sqrt(HORIZON_HOURS / 24.0), np.nan)


def _tail_sum(values, span, window):
    """Sum over the last `window` rows of decay**(age + 1) times the value."""
    decay = 1.0 - 2.0 / (span + 1.0)
    left = np.zeros_like(values)
    left[window:] = values[:-window] if window < len(values) else 0.0
    return decay * lfilter([1.0], [1.0, -decay], values - decay**window * left, axis=0)


def _trailing_sum(values, window):
    total = np.cumsum(values, axis=0)
    total[window:] -= total[:-window].copy()
    return total


def _bridged(close, limit):
    row = np.arange(len(close))[:, None]
    last = np.maximum.accumulate(np.where(np.isfinite(close), row, -1), axis=0)
    filled = close[np.maximum(last, 0), np.arange(close.shape[1])]
    return np.where((last >= 0) & (row - last <= limit), filled, np.nan)
