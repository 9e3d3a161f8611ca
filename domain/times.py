"""UTC time as integer microseconds, and the daily cycle that every decision belongs to."""

import datetime as dt
from dataclasses import dataclass
from typing import NewType

from domain.errors import Refused

UtcUs = NewType("UtcUs", int)

US_PER_SECOND = 1_000_000
US_PER_MINUTE = 60 * US_PER_SECOND
US_PER_HOUR = 60 * US_PER_MINUTE
US_PER_DAY = 24 * US_PER_HOUR

DAYS_PER_YEAR = 365
"""Crypto trades every day; every annualised figure in the house uses this."""

_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


def parse_utc(text: str) -> UtcUs:
    """Microseconds since the epoch of an ISO 8601 date or time; without an offset it is UTC.

    >>> parse_utc("2025-11-16")
    1763251200000000
    >>> parse_utc("2025-11-16T01:00:00+01:00") == parse_utc("2025-11-16T00:00:00Z")
    True
    """
    try:
        moment = dt.datetime.fromisoformat(text.strip())
    except ValueError:
        raise Refused(f"expected an ISO 8601 time in UTC such as 2025-11-16T00:30:00Z, got {text!r}") from None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=dt.UTC)
    return from_datetime(moment)


def from_datetime(moment: dt.datetime) -> UtcUs:
    """Microseconds since the epoch of an aware datetime."""
    return UtcUs((moment - _EPOCH) // dt.timedelta(microseconds=1))


def to_datetime(us: int) -> dt.datetime:
    """The aware UTC datetime of microseconds since the epoch."""
    return _EPOCH + dt.timedelta(microseconds=us)


def iso(us: int) -> str:
    """ISO 8601 in UTC, with fractions only where there are any.

    >>> iso(1763251200000000)
    '2025-11-16T00:00:00Z'
    """
    return to_datetime(us).isoformat().replace("+00:00", "Z")


@dataclass(frozen=True, order=True)
class Cycle:
    """One daily reallocation: data closed by `closes_us`, decided and issued at `issued_us`.

    >>> Cycle.parse("2025-11-16").label
    '2025-11-16'
    >>> iso(Cycle.parse("2025-11-16").expires_us)
    '2025-11-17T12:30:00Z'
    """

    date: dt.date

    @classmethod
    def parse(cls, text: str) -> "Cycle":
        """A cycle from its date, `YYYY-MM-DD`."""
        try:
            return cls(dt.date.fromisoformat(text))
        except ValueError:
            raise Refused(f"expected a cycle date such as 2025-11-16, got {text!r}") from None

    @classmethod
    def after(cls, open_time_us: int) -> "Cycle":
        """The first cycle at whose midnight the day of this bar is complete."""
        return cls(to_datetime(open_time_us).date() + dt.timedelta(days=1))

    @property
    def label(self) -> str:
        return self.date.isoformat()

    @property
    def closes_us(self) -> UtcUs:
        """Midnight UTC that starts the date: every bar used has closed by then."""
        return parse_utc(self.label)

    @property
    def issued_us(self) -> UtcUs:
        """00:30Z: the reference time of the decision and of the as-of read."""
        return UtcUs(self.closes_us + 30 * US_PER_MINUTE)

    @property
    def expires_us(self) -> UtcUs:
        """36 hours after issue: a pod that hears nothing newer may add no risk after this."""
        return UtcUs(self.issued_us + 36 * US_PER_HOUR)
