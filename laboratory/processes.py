"""Stationary processes from which the simulated paths are made."""

import numpy as np

from domain.arrays import FloatArray


def autoregressive(shocks: FloatArray, half_life: float) -> FloatArray:
    """Stationary AR(1) columns of zero mean and unit variance.

    shocks: (T, N) independent, of zero mean and unit variance; half_life in steps: the autocorrelation at that lag is one
    half. No NaN. The first rows do not depend on how many follow.
    """
    decay = 0.5 ** (1.0 / half_life)
    scaled = np.sqrt(1.0 - decay**2) * shocks
    scaled[0] = shocks[0]
    return _recursive(decay, scaled)


def heavy_tailed(generator: np.random.Generator, shape: tuple[int, int], degrees: float) -> FloatArray:
    """Independent Student-t shocks scaled to unit variance; `degrees` above 2."""
    return np.asarray(generator.standard_t(degrees, shape) * np.sqrt((degrees - 2.0) / degrees), dtype=np.float64)


def decaying_sum(values: FloatArray, half_life: float) -> FloatArray:
    """(T, N) running sum of the rows so far, each of which loses half its weight in `half_life` steps. No NaN."""
    decay = 0.5 ** (1.0 / half_life)
    return _recursive(decay, values)


def trailing_mean(values: FloatArray, window: int) -> FloatArray:
    """(T, N) mean of the `window` rows before each row, of all earlier rows where there are fewer; row 0 is its own value.

    Never includes the row itself (but for row 0). No NaN in, no NaN out.
    """
    total = np.vstack([np.zeros((1, values.shape[1])), np.cumsum(values, axis=0)])
    end = np.arange(1, values.shape[0])
    start = np.maximum(0, end - window)
    mean = np.empty_like(values)
    mean[0] = values[0]
    mean[1:] = (total[end] - total[start]) / (end - start)[:, None]
    return mean


def _recursive(decay: float, values: FloatArray) -> FloatArray:
    """y_t = decay * y_(t-1) + x_t, column by column."""
    from scipy.signal import lfilter  # two seconds: only those pay who draw a market

    return np.asarray(lfilter([1.0], [1.0, -decay], values, axis=0), dtype=np.float64)
