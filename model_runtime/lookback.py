"""Does a prediction depend on the declared lookback only?"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from domain.arrays import FloatArray
from domain.errors import Refused
from domain.strategy import View
from model_runtime.package import Package
from model_runtime.predictions import predict

TOLERANCE = 1e-9
SERIES = ("open", "high", "low", "close", "volume", "taker_buy_volume", "funding_rate", "daily_volatility")


def check_lookback(package: Package, view: View, rows: Sequence[int], *, seed: int = 0) -> None:
    """Predict at each row again from its declared lookback alone, and with everything outside it changed at random.

    Raises Refused with the first row whose prediction moves by more than 1e-9, or gains or loses its opinion.
    """
    whole = predict(package, view)
    for row in rows:
        first = max(0, row - package.manifest.lookback_bars + 1)
        alone = predict(package, _rows(view, slice(first, row + 1)))[-1]
        _compare(package, row, whole[row], alone, "from its lookback alone")
        disturbed = predict(package, _disturbed(view, first, row, np.random.default_rng([seed, row])))[row]
        _compare(package, row, whole[row], disturbed, "once bars outside its lookback change")


def _rows(view: View, rows: slice) -> View:
    shorter: dict[str, Any] = {name: getattr(view, name)[rows] for name in (*SERIES, "open_time_us")}
    return replace(view, **shorter)


def _disturbed(view: View, first: int, row: int, random: np.random.Generator) -> View:
    inside = np.zeros(len(view.open_time_us), dtype=np.bool_)
    inside[first : row + 1] = True
    changed: dict[str, Any] = {}
    for name in SERIES:
        values: FloatArray = getattr(view, name)
        other = values * np.exp(random.normal(0.0, 0.5, values.shape))
        other[random.random(values.shape) < 0.05] = np.nan
        changed[name] = np.where(inside[:, None], values, other)
    return replace(view, **changed)


def _compare(package: Package, row: int, expected: FloatArray, got: FloatArray, when: str) -> None:
    if np.allclose(got, expected, rtol=0.0, atol=TOLERANCE, equal_nan=True):
        return
    raise Refused(
        f"{package.manifest.name}: predictions of bar {row} change {when}: raise lookback_bars "
        f"({package.manifest.lookback_bars}) or look no further"
    )
