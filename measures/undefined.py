"""An answer that does not exist."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Undefined:
    """Stands in for a result that these data do not determine; a gate that meets it does not pass."""

    reason: str
    """One clause, for example `12 days, at least 60 are needed`."""
