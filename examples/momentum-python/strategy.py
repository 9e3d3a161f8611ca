"""An example: a part of the move of the last `window_bars` bars is expected to go on."""

import numpy as np


def predict(view):
    window = int(view.params["window_bars"])
    expected = np.full_like(view.close, np.nan)
    expected[window:] = view.params["skill"] * (view.close[window:] / view.close[:-window] - 1.0)
    return expected
