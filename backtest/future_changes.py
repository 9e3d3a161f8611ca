"""Changes to everything that becomes known after a moment, each leaving what was known by then as it was."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

import numpy as np

from domain.arrays import BoolArray, FloatArray
from domain.strategy import View

SERIES = ("open", "high", "low", "close", "volume", "taker_buy_volume", "funding_rate", "daily_volatility")
NEWCOMER = "LISTEDLATER"
DELETED_SHARE = 0.3
STAMP_BARS = 8


def known_by(view: View, row: int) -> View:
    """The same bars up to a row; those after it have not come yet."""
    return rows_of(view, slice(0, row + 1))


def rows_of(view: View, rows: slice) -> View:
    """Some bars of a view, in their order."""
    shorter: dict[str, Any] = {name: getattr(view, name)[rows] for name in (*SERIES, "open_time_us")}
    return replace(view, **shorter)


def perturbed(view: View, row: int, inputs: Iterable[str], seed: int) -> View:
    """Every value of these inputs after `row` moved at random; what is missing stays missing."""
    return _changed(view, row, inputs, seed, _moved)


def permuted(view: View, row: int, inputs: Iterable[str], seed: int) -> View:
    """The values of these inputs after `row` in another order, symbol by symbol; what is missing stays missing."""
    return _changed(view, row, inputs, seed, _shuffled)


def deleted(view: View, row: int, inputs: Iterable[str], seed: int) -> View:
    """Values of these inputs missing in the first half of what comes after `row`, always the very next ones, of some symbols.

    The end of the sample keeps its bars: which symbols are there at the end is `relisted`'s to change, for the same symbols.
    """
    near = max(1, (len(view.close) - row - 1) // 2)
    chosen = _some(view, seed)

    def lose(values: FloatArray, random: np.random.Generator) -> FloatArray:
        gone = random.random(values.shape) < DELETED_SHARE
        gone[:1] = True
        gone[near:] = False
        return np.where(gone & chosen, np.nan, values)

    return _changed(view, row, inputs, seed, lose)


def relisted(view: View, row: int, seed: int) -> View:
    """Other symbols late in the sample: some that trade stop, those that had stopped go on, one that nobody knew is listed."""
    late = row + 1 + (len(view.close) - row - 1) // 2
    stops = _some(view, seed) & np.isfinite(view.close[-1])
    changed: dict[str, Any] = {"symbols": (*view.symbols, NEWCOMER)}
    for name in SERIES:
        values: FloatArray = getattr(view, name).copy()
        newest = _last(values, late)
        values[late:] = np.where(np.isfinite(values[late:]) | np.isfinite(view.close[late:]), values[late:], newest)
        values[late:, stops] = np.nan
        newcomer = np.where(np.arange(len(values)) < late, np.nan, newest.max(initial=1.0))
        changed[name] = np.column_stack([values, newcomer])
    return replace(view, **changed)


def with_gaps(view: View, rows: slice, seed: int) -> View:
    """The view with no bars of some symbols in these rows: what a strategy makes of a gap shows only in one."""
    chosen = _some(view, seed)
    gapped: dict[str, Any] = {}
    for name in SERIES:
        values: FloatArray = getattr(view, name).copy()
        values[rows, chosen] = np.nan
        gapped[name] = values
    return replace(view, **gapped)


def completed(view: View, random: np.random.Generator) -> tuple[View, tuple[str, ...]]:
    """The view with invented values for every input that its source does not carry at all, and the names of those inputs."""
    shape = view.close.shape
    stamps = (np.arange(shape[0]) % STAMP_BARS == 0)[:, None]
    substitutes: dict[str, FloatArray] = {
        "taker_buy_volume": view.volume * random.random(shape),
        "funding_rate": np.where(stamps, random.normal(1e-4, 1e-4, shape), 0.0),
    }
    absent = tuple(name for name in substitutes if not np.isfinite(getattr(view, name)).any())
    invented: dict[str, Any] = {name: np.where(np.isfinite(view.close), substitutes[name], np.nan) for name in absent}
    return replace(view, **invented), absent


def _changed(
    view: View, row: int, inputs: Iterable[str], seed: int, change: Callable[[FloatArray, np.random.Generator], FloatArray]
) -> View:
    """Each input has random numbers of its own: it is changed in the same way whichever others are."""
    changed: dict[str, Any] = {}
    for name in inputs:
        values: FloatArray = getattr(view, name).copy()
        values[row + 1 :] = change(values[row + 1 :], np.random.default_rng([seed, SERIES.index(name)]))
        changed[name] = values
    return replace(view, **changed)


def _moved(values: FloatArray, random: np.random.Generator) -> FloatArray:
    known = values[np.isfinite(values)]
    factor = np.exp(random.normal(0.0, 0.5, values.shape))
    if known.size and known.min() > 0.0:
        return values * factor
    spread = float(known.std()) if known.size else 0.0
    return values * factor + random.normal(0.0, 0.5 * spread + 1e-6, values.shape)


def _shuffled(values: FloatArray, random: np.random.Generator) -> FloatArray:
    shuffled = values.copy()
    for column in range(values.shape[1]):
        known = np.flatnonzero(np.isfinite(values[:, column]))
        shuffled[known, column] = values[random.permutation(known), column]
    return shuffled


def _some(view: View, seed: int) -> BoolArray:
    """(N,) about half of the symbols, at least one."""
    symbols = len(view.symbols)
    chosen = np.zeros(symbols, dtype=np.bool_)
    chosen[np.random.default_rng([seed, len(SERIES)]).permutation(symbols)[: max(1, symbols // 2)]] = True
    return chosen


def _last(values: FloatArray, row: int) -> FloatArray:
    """(N,) the newest value of each symbol before a row; 1 where there is none."""
    known = np.isfinite(values[:row])
    newest = row - 1 - np.argmax(known[::-1], axis=0)
    return np.where(known.any(axis=0), values[newest, np.arange(values.shape[1])], 1.0)
