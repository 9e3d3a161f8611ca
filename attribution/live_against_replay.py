"""Live against replay: the same decisions run again on paper, order by order and day by day, and when the gap is no noise."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from domain.arrays import FloatArray, IntArray
from domain.errors import Refused
from domain.record import COMPONENTS, Orders, PodRecord
from measures.cusum import alarm_level, average_run_length


@dataclass(frozen=True)
class OrderGaps:
    """Orders of one day or many, matched by decision time, symbol and side; gaps are (M,) over the matched ones."""

    live: IntArray
    """Their places among the live orders."""
    replay: IntArray
    price_bps: FloatArray
    """How much dearer the live fill was, of the replayed one; NaN where either did not fill."""
    quantity_share: FloatArray
    """Filled live less filled in the replay, of the replayed order."""
    only_live: IntArray
    """Live orders that the replay does not know: nobody decided them, or the data differed."""
    only_replay: IntArray
    """Orders that should have been sent."""


@dataclass(frozen=True)
class Gap:
    """Daily live less replayed return in basis points of capital, watched by two one-sided CUSUMs; arrays are (D,)."""

    day_us: IntArray
    gap_bps: FloatArray
    worse: FloatArray
    """The CUSUM against a live pod that earns less, in standard deviations of a day."""
    better: FloatArray
    level: float
    """At or above it either one is an alarm."""
    alarm_us: int | None
    """First day of alarm; None: what is seen is noise so far."""
    component_bps: dict[str, float]
    """Mean daily gap by line of the account: where to look first."""
    days_to_find: float
    """Mean days until the stated bias is found."""
    days_to_false_alarm: float
    """Mean days until one of the two alarms without any bias."""


def match_orders(live: Orders, replay: Orders) -> OrderGaps:
    """Pair the orders of one decision; symbols must be numbered alike. Raises Refused where one decision ordered twice."""
    left, right = _places(live, "live"), _places(replay, "replay")
    both = sorted(left.keys() & right.keys())
    here, there = (np.array([places[key] for key in both], dtype=np.int64) for places in (left, right))
    filled = (live.filled[here] > 0) & (replay.filled[there] > 0)
    dearer = live.side[here] * (live.fill_price[here] / replay.fill_price[there] - 1.0) * 1e4
    return OrderGaps(
        live=here,
        replay=there,
        price_bps=np.where(filled, dearer, np.nan),
        quantity_share=(live.filled[here] - replay.filled[there]) / replay.quantity[there],
        only_live=np.array(sorted(left[key] for key in left.keys() - right.keys()), dtype=np.int64),
        only_replay=np.array(sorted(right[key] for key in right.keys() - left.keys()), dtype=np.int64),
    )


def watch(live: PodRecord, replay: PodRecord, *, noise_bps: float, bias_bps: float, run_length_days: float) -> Gap:
    """Watch the daily gap between what a pod earned and what a replay of its decisions earned, of the same days.

    noise_bps: standard deviation of a day's gap while nothing is wrong, from incubation and never from the days watched.
    bias_bps: the smallest bias worth finding; the CUSUM's allowance is half of it. run_length_days: mean days to a false alarm
    of the two sides together. Raises Refused for other days, or a noise or bias that is not positive.
    Source: Page (1954), Biometrika 41.
    """
    if not np.array_equal(live.day_us, replay.day_us):
        raise Refused(f"{live.pod}: expected a replay of the live pod's {len(live.day_us)} days, got other ones: replay those")
    if not (noise_bps > 0 and bias_bps > 0):
        raise Refused(f"expected a noise and a bias above 0 bp, got {noise_bps} and {bias_bps}: state what is worth finding")
    gap = (live.net_return - replay.net_return) * 1e4
    allowance = bias_bps / noise_bps / 2.0
    level = _level(allowance, 2.0 * run_length_days)
    worse, better = (_cusum(sign * gap / noise_bps, allowance) for sign in (-1.0, 1.0))
    alarms = np.flatnonzero((worse >= level) | (better >= level))
    return Gap(
        day_us=live.day_us,
        gap_bps=gap,
        worse=worse,
        better=better,
        level=level,
        alarm_us=int(live.day_us[alarms[0]]) if len(alarms) else None,
        component_bps={name: float(np.mean(live.component[name] - replay.component[name]) * 1e4) for name in COMPONENTS},
        days_to_find=average_run_length(allowance, level, 2.0 * allowance),
        days_to_false_alarm=average_run_length(allowance, level) / 2.0,
    )


_level = lru_cache(maxsize=64)(alarm_level)


def _places(orders: Orders, name: str) -> dict[tuple[int, int, int], int]:
    keys = zip(orders.decided_us.tolist(), orders.symbol.tolist(), orders.side.tolist(), strict=True)
    places = {key: place for place, key in enumerate(keys)}
    if len(places) != len(orders.side):
        twice = len(orders.side) - len(places)
        raise Refused(f"expected one {name} order for each decision, symbol and side, got {twice} more: merge its parts first")
    return places


def _cusum(x: FloatArray, allowance: float) -> FloatArray:
    """C_t = max(0, C_{t-1} + x_t - allowance): the running sum less its lowest value so far."""
    total = np.cumsum(x - allowance)
    return np.asarray(total - np.minimum(np.minimum.accumulate(total), 0.0))
