"""Values as SQL literals, for statements that become Arrow in parallel: those with parameters become rows of Python first."""

from domain.errors import Refused


def literal(value: str | int) -> str:
    """Refused for a text with a NUL, which no literal can hold and no name has."""
    if isinstance(value, int):
        return str(value)
    if "\0" in value:
        raise Refused(f"expected a name without a NUL character, got {value!r}")
    return "'" + value.replace("'", "''") + "'"
