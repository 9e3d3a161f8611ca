"""Volatility-managed funding carry (Koijen et al. 2018; Moreira and Muir 2017): what was paid of late is expected to persist."""

import numpy as np

HORIZON_HOURS = 72
VOLATILITY_HOURS = 720
SYMBOLS_MIN = 3


def predict(view):
    hours = view.interval_us / 3.6e9
    window = max(1, round(view.params["window_hours"] / hours))
    # Without one stamp in the window there is no funding to speak of: zeros everywhere are a market that has none.
    stamped = _trailing_sum((np.nan_to_num(view.funding_rate) != 0.0).astype(float), window) > 0.5
    known = np.isfinite(view.funding_rate)
    covered = (_trailing_sum(known.astype(float), window) > window - 0.5) & stamped
    per_bar = _trailing_sum(np.where(known, view.funding_rate, 0.0), window) / window
    carry = np.where(covered & np.isfinite(view.close), -per_bar * HORIZON_HOURS / hours, np.nan)
    if view.params["relative"]:
        told = np.isfinite(carry)
        count = told.sum(axis=1, keepdims=True)
        mean = np.where(told, carry, 0.0).sum(axis=1, keepdims=True) / np.maximum(count, 1)
        carry = np.where(count >= SYMBOLS_MIN, carry - mean, np.nan)
    return carry * _calm(view.daily_volatility, round(VOLATILITY_HOURS / hours))


def _calm(volatility, window):
    """At most 1: the mean volatility of the window over today's."""
    known = np.isfinite(volatility)
    mean = _trailing_sum(np.where(known, volatility, 0.0), window) / np.maximum(_trailing_sum(known.astype(float), window), 1.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.minimum(1.0, mean / volatility)


def _trailing_sum(values, window):
    total = np.cumsum(values, axis=0)
    total[window:] -= total[:-window].copy()
    return total
