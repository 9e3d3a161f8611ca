"""Whether good parameters lie on a plateau or on a needle."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from domain.arrays import FloatArray
from domain.errors import Refused
from domain.strategy import Parameters


@dataclass(frozen=True)
class Surface:
    """A figure over a grid of parameters, and how its neighbours do."""

    axes: Mapping[str, tuple[float, ...]]
    """Values tried of each parameter that varies, rising."""
    position: tuple[tuple[int, ...], ...]
    """Of each configuration, index on every axis."""
    value: FloatArray
    """(K,) the figure."""
    neighbour_mean: FloatArray
    """(K,) mean over configurations one step away on one axis; NaN without any."""
    chosen: int
    plateau: float | None
    """Neighbours' mean over the chosen one's own value: near 1 on a plateau, near 0 or below on a needle; None where the chosen
    value is not positive or has no neighbour."""
    share_positive: float
    """Of all configurations with a value."""


def surface(configurations: Sequence[Parameters], value: FloatArray, chosen: int = 0) -> Surface:
    """Neighbours of every configuration on the grid that they span; values NaN where undefined.

    Raises Refused where numbers do not match or configurations do not name the same parameters.
    """
    if len(configurations) != len(value) or not 0 <= chosen < len(value):
        raise Refused(f"expected a value for each of {len(configurations)} configurations, got {len(value)}")
    names = sorted(configurations[0])
    if any(sorted(one) != names for one in configurations):
        raise Refused(f"expected configurations of the same parameters {names}")
    values = {name: tuple(sorted({float(one[name]) for one in configurations})) for name in names}
    axes = {name: tried for name, tried in values.items() if len(tried) > 1}
    position = tuple(tuple(tried.index(float(one[name])) for name, tried in axes.items()) for one in configurations)
    near = np.array([_mean_of_neighbours(position, value, own) for own in position])
    own, around = float(value[chosen]), float(near[chosen])
    known = value[np.isfinite(value)]
    return Surface(
        axes=axes,
        position=position,
        value=np.asarray(value, dtype=np.float64),
        neighbour_mean=near,
        chosen=chosen,
        plateau=around / own if own > 0 and np.isfinite(around) else None,
        share_positive=float(np.mean(known > 0)) if known.size else float("nan"),
    )


def _mean_of_neighbours(position: Sequence[tuple[int, ...]], value: FloatArray, own: tuple[int, ...]) -> float:
    steps = [sum(abs(a - b) for a, b in zip(own, other, strict=True)) for other in position]
    near = [float(value[index]) for index, step in enumerate(steps) if step == 1 and np.isfinite(value[index])]
    return float(np.mean(near)) if near else float("nan")
