"""Headline tiles: absent is absent, unknown is coloured, beyond a bound is coloured."""

from reporting.tiles import tile
from reporting.values import Unknown

SINCE_US = 1_763_253_000_000_000


def test_no_source_no_tile() -> None:
    assert tile("NAV", None, "USD") == []


def test_zero_is_a_value() -> None:
    assert tile("Allocated", 0.0, "USD")[0].text.startswith("0")


def test_unknown_says_since_when_and_why_and_is_no_number() -> None:
    (shown,) = tile("Net", Unknown(since_us=SINCE_US, why="venue silent"), "x", bound=2.0)
    assert shown.text == "UNKNOWN since 2025-11-16 00:30Z"
    assert shown.tone == "unknown"
    assert shown.note == "venue silent; limit 2.00x"
    assert tile("Net", Unknown(), "x")[0].text == "UNKNOWN, never known"


def test_an_unknown_limit_colours_the_tile() -> None:
    assert tile("Beta", 1.0, "USD", bound=Unknown(since_us=SINCE_US))[0].tone == "unknown"


def test_beyond_the_bound_on_either_side() -> None:
    assert tile("Beta", -6e6, "USD", bound=5e6)[0].tone == "over"
    assert "exceeded" in tile("Beta", 6e6, "USD", bound=5e6)[0].note
    assert tile("Beta", -5e6, "USD", bound=5e6)[0].tone == "plain"
