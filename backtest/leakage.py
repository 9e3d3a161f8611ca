"""Does a prediction know what only came later? Change the future and see whether the past moves.

For sampled moments everything known after them is perturbed, permuted, deleted and cut off, and other symbols are listed and
delisted late in the sample; no prediction up to the moment may change. The same is done around gaps planted there. Whatever
moves is traced to the input that moved it. Method: the leakage tests of Kapoor and Narayanan (2023), as metamorphic tests.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from backtest.future_changes import (
    SERIES,
    completed,
    deleted,
    known_by,
    permuted,
    perturbed,
    relisted,
    rows_of,
    with_gaps,
)
from backtest.stepping import TOLERANCE, Ask, Disagreement, close_us, disagreements, largest, stepped
from domain.arrays import BoolArray, FloatArray, IntArray
from domain.errors import Refused
from domain.strategy import View

UNIVERSE = "universe"
SAMPLE_END = "open_time"
"""Named where only the end of the sample itself explains a change: a strategy that counts its bars."""
ROWS_MIN = 600
GAP_BARS = 3

Change = Callable[[View, int, Sequence[str], int], View]

VALUES: dict[str, Change] = {"perturb": perturbed, "permute": permuted}


@dataclass(frozen=True)
class Leak:
    """One input that reached back in time: by which change, and which prediction moved first, and how far (inf: an opinion)."""

    input: str
    operation: str
    known_until_us: int
    """Close of the last bar that was left as it was."""
    first_time_us: int
    """Close of the bar whose prediction moved."""
    moved: float


@dataclass(frozen=True)
class LeakReport:
    """What was found; `leaks` and `disagreements` are empty for an honest strategy."""

    leaks: tuple[Leak, ...]
    disagreements: tuple[Disagreement, ...]
    moments: int
    """Moments whose future was changed."""
    calls: int
    invented: tuple[str, ...]
    """Inputs that the data does not carry and that were made up for the test."""
    refusals: dict[str, str]
    """Changes under which the strategy gave no answer at all, with its first refusal: there it could not be tested."""

    @property
    def inputs(self) -> tuple[str, ...]:
        """Names of the inputs that leaked, in the order of a view's fields, the universe last."""
        found = {leak.input for leak in self.leaks}
        return tuple(name for name in (SAMPLE_END, *SERIES, UNIVERSE) if name in found)

    @property
    def first_time_us(self) -> int | None:
        """Close of the earliest bar whose prediction was seen to depend on later data."""
        return min((leak.first_time_us for leak in self.leaks), default=None)


def fuzz(ask: Ask, view: View, *, lookback_bars: int, seed: int, windows: int = 3) -> LeakReport:
    """Test a strategy on stretches of a view: one at its start, the others anywhere.

    `ask` gives (T, N) predictions for any view, NaN for no opinion. Raises Refused where the strategy has no opinion in any
    stretch (silence proves nothing), and where `ask` does on bars like those of the data.
    """
    full, invented = completed(view, np.random.default_rng([seed, 0]))
    counted = _Counted(ask)
    leaks: list[Leak] = []
    differing: list[Disagreement] = []
    moments = 0
    stretches = _stretches(full, lookback_bars, seed, windows)
    for number, stretch in enumerate(stretches):
        random = np.random.default_rng([seed, 1, number])
        whole = counted(stretch)
        opinions = np.flatnonzero(np.isfinite(whole).any(axis=1))
        if opinions.size == 0:
            continue
        anywhere = 1 if number else 1 + windows - len(stretches)
        rows = _moments(opinions, len(whole), anywhere, first=number == 0, random=random)
        for row in rows:
            chance = int(random.integers(0, 2**32))
            leaks += _leaks_at(counted, stretch, whole, row, chance)
            leaks += _leaks_in_a_gap(counted, stretch, row, chance)
        moments += len(rows)
        differing += _disagreements(counted, stretch, whole, lookback_bars, random)
    if moments == 0:
        raise Refused("the strategy has no opinion anywhere in the data: test it on data of the market and symbols it trades")
    return LeakReport(tuple(leaks), tuple(differing), moments, counted.calls, invented, counted.refusals)


class _Counted:
    """The strategy, its calls counted and what it could not answer remembered."""

    def __init__(self, ask: Ask) -> None:
        self._ask = ask
        self.calls = 0
        self.refusals: dict[str, str] = {}

    def __call__(self, view: View) -> FloatArray:
        self.calls += 1
        return self._ask(view)

    def unless_refused(self, operation: str, view: View) -> FloatArray | None:
        """None where the strategy fails on bars that may well come: a gap, a delisting, a short history."""
        try:
            return self(view)
        except Refused as refusal:
            self.refusals.setdefault(operation, str(refusal))
            return None


def _stretches(view: View, lookback_bars: int, seed: int, windows: int) -> list[View]:
    """Stretches long enough for a lookback, a moment and a future; the whole view where it is shorter."""
    length = min(len(view.close), max(ROWS_MIN, 2 * lookback_bars + ROWS_MIN // 2))
    random = np.random.default_rng([seed, 2])
    starts = [0, *random.integers(0, len(view.close) - length + 1, windows - 1).tolist()]
    return [rows_of(view, slice(start, start + length)) for start in dict.fromkeys(starts)]


def _moments(opinions: IntArray, bars: int, anywhere: int, *, first: bool, random: np.random.Generator) -> list[int]:
    """Rows with an opinion and a future; with `first` the very first one, so that a leak is dated from its beginning."""
    usable = opinions[opinions <= bars - max(2, bars // 4)]
    if usable.size == 0:
        usable = opinions[:1]
    chosen = usable[random.integers(0, usable.size, anywhere)].tolist()
    return sorted({*chosen, *([int(usable[0])] if first else [])})


def _leaks_at(ask: _Counted, view: View, whole: FloatArray, row: int, seed: int) -> list[Leak]:
    """Values first: what they explain is not laid to the universe, and what both explain is not laid to missing values."""
    leaks: list[Leak] = []
    explained = np.zeros(whole[: row + 1].shape, dtype=np.bool_)
    for operation, change in VALUES.items():
        found, moved = _traced(ask, view, whole, row, operation, change, seed, explained)
        leaks, explained = leaks + found, explained | moved
    universe = ask.unless_refused("relist", relisted(view, row, seed))
    if universe is not None:
        moved = _differs(whole, universe[:, : whole.shape[1]], row)
        if (moved & ~explained).any():
            leaks.append(_leak(UNIVERSE, "relist", view, whole, universe[:, : whole.shape[1]], row, moved & ~explained))
        explained = explained | moved
    found, moved = _traced(ask, view, whole, row, "delete", deleted, seed, explained)
    leaks, explained = leaks + found, explained | moved
    shorter = ask.unless_refused("extend", known_by(view, row))
    if shorter is not None and not explained.any():
        ends = _differs(whole, shorter, row)
        leaks += [_leak(SAMPLE_END, "extend", view, whole, shorter, row, ends)] if ends.any() else []
    return leaks


def _leaks_in_a_gap(ask: _Counted, view: View, row: int, seed: int) -> list[Leak]:
    """The same moment in the middle of a gap, and before the first bar: one filled from its far end shows what lies there."""
    leaks: list[Leak] = []
    for start in (max(0, row - GAP_BARS // 2), 0):
        gapped = with_gaps(view, slice(start, row + 1 + GAP_BARS // 2), seed)
        whole = ask.unless_refused("gap", gapped)
        if whole is not None:
            nothing = np.zeros(whole[: row + 1].shape, dtype=np.bool_)
            leaks += _traced(ask, gapped, whole, row, "perturb", perturbed, seed, nothing)[0]
    return leaks


def _traced(
    ask: _Counted, view: View, whole: FloatArray, row: int, operation: str, change: Change, seed: int, explained: BoolArray
) -> tuple[list[Leak], BoolArray]:
    """All inputs changed at once; where that moves more than is explained, each alone, and where none does, as few as do."""

    def moved_by(names: Sequence[str]) -> tuple[FloatArray, BoolArray]:
        changed = change(view, row, names, seed)
        answer = ask.unless_refused(operation, changed) if operation == "delete" else ask(changed)
        return (whole, explained & False) if answer is None else (answer, _differs(whole, answer, row))

    together, moved = moved_by(SERIES)
    if not (moved & ~explained).any():
        return [], moved
    leaks = []
    for name in SERIES:
        alone, own = moved_by((name,))
        if (own & ~explained).any():
            leaks.append(_leak(name, operation, view, whole, alone, row, own & ~explained))
            moved = moved | own
    if leaks:
        return leaks, moved
    names: tuple[str, ...] = SERIES
    for name in SERIES:  # only together: one after the other is left as it was while something still moves
        fewer = tuple(other for other in names if other != name)
        if fewer and (moved_by(fewer)[1] & ~explained).any():
            names = fewer
    return [_leak(name, operation, view, whole, together, row, moved & ~explained) for name in names], moved


def _disagreements(
    ask: _Counted, view: View, whole: FloatArray, lookback_bars: int, random: np.random.Generator
) -> list[Disagreement]:
    """Two bars in a row from their lookback alone, and everything from a restart in mid-sample on."""
    row = int(random.integers(max(0, min(lookback_bars, len(whole) - 2)), len(whole) - 1))
    found = stepped(ask, view, whole, (row, row + 1), lookback_bars=lookback_bars)
    start = int(random.integers(1, max(2, len(whole) - lookback_bars)))
    settled = min(start + lookback_bars - 1, len(whole) - 1)
    restarted = ask.unless_refused("restart", rows_of(view, slice(start, None)))
    later = None if restarted is None else restarted[settled - start :]
    return found + disagreements("restart", view, whole[settled:], later, settled)


def _differs(whole: FloatArray, other: FloatArray, row: int) -> BoolArray:
    """(row + 1, N) predictions up to a row that moved by more than 1e-9, or gained or lost their opinion."""
    before, after = whole[: row + 1], other[: row + 1]
    return ~np.isclose(before, after, rtol=0.0, atol=TOLERANCE, equal_nan=True)


def _leak(name: str, operation: str, view: View, whole: FloatArray, other: FloatArray, row: int, where: BoolArray) -> Leak:
    first = int(np.flatnonzero(where.any(axis=1))[0])
    moved = largest(whole[first][where[first]], other[first][where[first]])
    return Leak(name, operation, close_us(view, row), close_us(view, first), moved)
