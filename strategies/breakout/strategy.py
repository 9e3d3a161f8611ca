"""Breakout (Carver 2023, strategy 15): where the close stands in its channel of highs and lows, smoothed."""

import numpy as np

HORIZON_HOURS = 24
SKILL = 0.05
"""Expected return at the edge of the channel, in standard deviations of the horizon's return."""


def predict(view):
    hours = view.interval_us / 3.6e9
    channel = max(2, round(view.params["channel_hours"] / hours))
    smooth = max(1, round(view.params["smooth_share"] * channel))
    top, bottom = _trailing_max(view.high, channel), -_trailing_max(-view.low, channel)
    with np.errstate(divide="ignore", invalid="ignore"):
        place = (2.0 * view.close - top - bottom) / (top - bottom)
    known = np.isfinite(place)
    count = _trailing_sum(known.astype(float), smooth)
    mean = _trailing_sum(np.where(known, place, 0.0), smooth) / np.maximum(count, 1.0)
    listed = _trailing_sum(np.isfinite(view.close).astype(float), channel) > 0.5 * channel
    listed[: channel + smooth - 1] = False
    return np.where(listed & (count > 0.5), SKILL * mean * view.daily_volatility * np.sqrt(HORIZON_HOURS / 24.0), np.nan)


def _trailing_max(values, window):
    """Largest of the last `window` rows, missing ones aside, by windows that double."""
    reach, best = 1, values
    while reach < window:
        step = min(reach, window - reach)
        later = best.copy()
        later[step:] = np.fmax(best[step:], best[:-step])
        best, reach = later, reach + step
    return best


def _trailing_sum(values, window):
    total = np.cumsum(values, axis=0)
    total[window:] -= total[:-window].copy()
    return total
