"""How an answer is held against what was expected."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

NOTHING = "nothing"
"""Stands for an answer that is not there."""


@dataclass(frozen=True)
class Tolerance:
    """A number passes when |got - expected| <= absolute + relative * |expected|."""

    absolute: float
    relative: float

    def holds(self, got: float, expected: float) -> bool:
        return abs(got - expected) <= self.absolute + self.relative * abs(expected)


@dataclass(frozen=True)
class Difference:
    """One value that does not agree."""

    key: str
    got: Any
    expected: Any

    def __str__(self) -> str:
        return f"{self.key}: got {self.got!r}, expected {self.expected!r}"


def differences(got: Mapping[str, Any], expected: Mapping[str, Any], tolerance: Tolerance) -> list[Difference]:
    """Every expected value that the answer lacks or misses."""
    return list(_in_mapping(plain(got), expected, tolerance, ""))


def plain(value: Any) -> Any:
    """The same value in Python's own types."""
    if isinstance(value, np.ndarray | np.generic):
        return plain(value.tolist())
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return value


def _in_mapping(got: Mapping[str, Any], expected: Mapping[str, Any], tolerance: Tolerance, path: str) -> Iterator[Difference]:
    for key, value in expected.items():
        stem, _, print_ = key.rpartition("_")
        other = {"table": f"{stem}_exact", "exact": f"{stem}_table"}.get(print_)
        if other in expected and stem in got:
            either = [list(_at(got[stem], expected[name], tolerance, path + stem)) for name in (key, other)]
            yield from _missed_by_both(*either) if print_ == "exact" else ()
        else:
            yield from _at(got.get(key, NOTHING), value, tolerance, path + key)


def _missed_by_both(first: list[Difference], second: list[Difference]) -> Iterator[Difference]:
    missed = {difference.key for difference in second}
    yield from (difference for difference in first if difference.key in missed)


def _at(got: Any, expected: Any, tolerance: Tolerance, path: str) -> Iterator[Difference]:
    if isinstance(expected, Mapping) and isinstance(got, Mapping):
        yield from _in_mapping(got, expected, tolerance, path + ".")
    elif isinstance(expected, list) and isinstance(got, list) and len(got) == len(expected):
        for position, (ours, theirs) in enumerate(zip(got, expected, strict=True)):
            yield from _at(ours, theirs, tolerance, f"{path}[{position}]")
    elif not _same(got, expected, tolerance):
        yield Difference(path, got, expected)


def _same(got: Any, expected: Any, tolerance: Tolerance) -> bool:
    if _is_number(got) and _is_number(expected):
        return math.isfinite(got) and tolerance.holds(got, expected)
    return type(got) is type(expected) and bool(got == expected)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
