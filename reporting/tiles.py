"""The headline numbers: one tile each, left out where there is no source, coloured where unknown or beyond a bound."""

from collections.abc import Sequence
from dataclasses import dataclass

from reporting.amounts import amount, utc
from reporting.data import FeedQuality
from reporting.values import Quantity, Unknown


@dataclass(frozen=True)
class Tile:
    """What a tile prints; `tone` is plain, over (beyond its bound) or unknown."""

    label: str
    text: str
    note: str = ""
    tone: str = "plain"


def unknown_text(value: Unknown) -> str:
    """`UNKNOWN since …`, or that it never was known."""
    return f"UNKNOWN since {utc(value.since_us)}" if value.since_us is not None else "UNKNOWN, never known"


def quantity_text(value: float | Unknown, unit: str, *, signed: bool = False) -> str:
    return unknown_text(value) if isinstance(value, Unknown) else amount(value, unit, signed=signed)


def tile(label: str, value: Quantity, unit: str, *, bound: Quantity = None, signed: bool = False) -> list[Tile]:
    """One tile in a list, or an empty list where the value has no source; a magnitude beyond `bound` is coloured."""
    if value is None:
        return []
    limit = "" if bound is None else f"limit {quantity_text(bound, unit)}"
    if isinstance(value, Unknown):
        return [Tile(label, unknown_text(value), "; ".join(part for part in (value.why, limit) if part), "unknown")]
    over = isinstance(bound, float) and abs(value) > bound
    tone = "unknown" if isinstance(bound, Unknown) else "over" if over else "plain"
    return [Tile(label, amount(value, unit, signed=signed), limit + (", exceeded" if over else ""), tone)]


def statuses_text(tables: Sequence[FeedQuality]) -> str:
    """How many tables are green, amber and red."""
    found = [table.status for table in tables]
    return " · ".join(f"{found.count(status)} {status.lower()}" for status in ("GREEN", "AMBER", "RED"))
