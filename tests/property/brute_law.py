"""The law of versions said again, one key and one moment at a time, without a table library."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

UNLISTED = 1_000_000


@dataclass(frozen=True)
class Fact:
    """`values`: required first, then optional; None says nothing."""

    key: tuple[object, ...]
    known: int
    source: str
    values: tuple[float | int | None, ...]


def answers(
    facts: Iterable[Fact], as_of: int, ranks: Mapping[str, int]
) -> dict[tuple[object, ...], tuple[tuple[object, ...], int]]:
    """Key to (values, knowledge time) as a reader at `as_of` sees them."""
    seen = {}
    for key in {fact.key for fact in facts}:
        mine = [fact for fact in facts if fact.key == key and fact.known <= as_of]
        moments = sorted({fact.known for fact in mine})
        if not moments:
            continue
        state = _state(mine, moments[-1], ranks)
        since = moments[-1]
        for moment in reversed(moments):
            if _state(mine, moment, ranks) != state:
                break
            since = moment
        seen[key] = (state, since)
    return seen


def _state(facts: Sequence[Fact], moment: int, ranks: Mapping[str, int]) -> tuple[object, ...]:
    """Column by column: the latest that anybody said by the moment; among equals, the best."""
    width = len(facts[0].values)
    return tuple(_column([fact for fact in facts if fact.known <= moment], column, ranks) for column in range(width))


def _column(facts: Sequence[Fact], column: int, ranks: Mapping[str, int]) -> object:
    said = [fact for fact in facts if fact.values[column] is not None]
    if not said:
        return None
    best = max(said, key=lambda fact: (fact.known, -ranks.get(fact.source, UNLISTED), _digest(fact), fact.source))
    return best.values[column]


def _digest(fact: Fact) -> str:
    return hashlib.sha256(repr(fact.values).encode()).hexdigest()


def conflicts(facts: Iterable[Fact]) -> set[tuple[tuple[object, ...], int]]:
    """(key, knowledge time) at which two facts contradict each other in some column."""
    facts = list(facts)
    return {
        (one.key, one.known)
        for one in facts
        for other in facts
        if (one.key, one.known) == (other.key, other.known)
        and any(a is not None and b is not None and a != b for a, b in zip(one.values, other.values, strict=True))
    }
