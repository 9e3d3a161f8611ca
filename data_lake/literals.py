"""Values as SQL literals, for statements that become Arrow in parallel: those with parameters become rows of Python first."""

from domain.errors import Refused


def literal(value: str | float) -> str:
    """Refused for a text with a NUL, which no literal can hold and no name has. A float is the same float again."""
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return f"CAST('{value!r}' AS DOUBLE)"  # unquoted, it would be read as a decimal first
    if "\0" in value:
        raise Refused(f"expected a name without a NUL character, got {value!r}")
    return "'" + value.replace("'", "''") + "'"
