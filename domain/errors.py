"""Errors say who is at fault: the input (`Refused`) or the other side (`Unreachable`).

A message says what was expected, what came, and what to do.
"""


class Refused(Exception):
    """The input or document is bad: never retry it unchanged."""


class RolledBack(Refused):
    """A document older than one already held: a replay, or an issuer that lost its state."""


class Expired(Refused):
    """Signed and intact, but past its expiry time."""


class Unreachable(Exception):
    """No answer from the other side: a retry may be safe."""
