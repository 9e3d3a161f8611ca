"""The days of one cycle: everything is drawn from the origin on, and only the last days of it are delivered."""

from dataclasses import dataclass, replace

import numpy as np

from domain.arrays import IntArray
from domain.errors import Refused
from domain.times import US_PER_DAY, US_PER_HOUR, iso, parse_utc
from laboratory.settings import LaboratorySettings

Rows = tuple[int, int]
"""[start, end) of the hours of a window."""


@dataclass(frozen=True)
class Window:
    """Whole UTC days up to a cycle's midnight, inside a history that begins at the origin."""

    origin_us: int
    first_open_us: int
    closes_us: int

    @property
    def hours(self) -> int:
        return (self.closes_us - self.first_open_us) // US_PER_HOUR

    @property
    def hours_since_origin(self) -> int:
        return (self.closes_us - self.origin_us) // US_PER_HOUR

    @property
    def since_origin(self) -> "Window":
        """The whole history up to the same midnight."""
        return replace(self, first_open_us=self.origin_us)

    @property
    def open_time_us(self) -> IntArray:
        """(T,) opening times of the hourly bars, the last of which closes at `closes_us`."""
        return self.first_open_us + US_PER_HOUR * np.arange(self.hours, dtype=np.int64)

    def rows(self, from_us: int, until_us: int) -> Rows:
        """The hours that open in [from_us, until_us), as far as the window has them; start = end where it has none."""
        start, end = (min(max((us - self.first_open_us) // US_PER_HOUR, 0), self.hours) for us in (from_us, until_us))
        return start, end


def window_of(settings: LaboratorySettings, closes_us: int) -> Window:
    """The last `settings.days` days before `closes_us`.

    Raises Refused where `closes_us` is not a UTC midnight, or where so many days have not passed since the origin.
    """
    if closes_us % US_PER_DAY:
        raise Refused(f"laboratory: expected closes_us at a UTC midnight, got {closes_us}; pass Cycle.closes_us")
    window = Window(parse_utc(settings.origin.isoformat()), closes_us - settings.days * US_PER_DAY, closes_us)
    if window.first_open_us < window.origin_us:
        first = iso(window.origin_us + settings.days * US_PER_DAY)[:10]
        raise Refused(
            f"laboratory: expected a cycle of {first} or later, {settings.days} days after the origin of the simulated market "
            f"({settings.origin}), got {iso(closes_us)[:10]}; ask for a later cycle or state an earlier origin in a new home"
        )
    return window
