"""Parameters that a case carries in the names of its expected keys."""

import re


def decimal(text: str) -> float:
    """`0p5` is 0.5."""
    return float(text.replace("p", "."))


def percent(text: str) -> float:
    """`05` is 0.05, `10` is 0.10, `2p5` is 0.025."""
    return decimal(text) / 100.0


def asked_for(pattern: str, asked: tuple[str, ...]) -> list[tuple[str, ...]]:
    """For each expected key that the pattern matches whole: the key, then the pattern's groups."""
    found = (re.fullmatch(pattern, key) for key in asked)
    return [(match.group(0), *match.groups()) for match in found if match]
