"""Numbers as text, each with its unit; no value ever turns into 0 by being absent."""

import math

from domain.evidence import Figure
from domain.times import to_datetime

NBSP = "\u00a0"
MINUS = "\u2212"
_COMPARISONS = {">=": "≥", "<=": "≤", ">": ">", "<": "<", "==": "="}


def number(value: float, decimals: int, *, signed: bool = False) -> str:
    """Thousands separated, a true minus sign, and no negative zero.

    >>> number(-1234.5, 1)
    '−1,234.5'
    >>> number(-0.001, 2)
    '0.00'
    """
    text = f"{value:{'+' if signed else ''},.{decimals}f}"
    if float(text.replace(",", "")) == 0:
        text = text.lstrip("+-")
    return text.replace("-", MINUS)


def percent(fraction: float, *, signed: bool = False) -> str:
    """A fraction as per cent, with fewer decimals the larger it is; nearly all is never rounded up to all.

    >>> percent(0.0512)
    '5.12\\xa0%'
    >>> percent(12.3), percent(0.99996)
    ('1,230\\xa0%', '99.996\\xa0%')
    """
    size = abs(fraction)
    if not signed and 0.999 < fraction < 1:
        return number(math.floor(1e5 * fraction) / 1e3, 3) + NBSP + "%"
    return number(100 * fraction, 0 if size >= 10 else 1 if size >= 0.1 else 2, signed=signed) + NBSP + "%"


def usd(value: float, *, signed: bool = False) -> str:
    """Whole dollars without the unit, which stands in the column's head or the tile.

    >>> usd(1250000.4)
    '1,250,000'
    """
    return number(value, 0, signed=signed)


def usd_short(value: float, *, signed: bool = False) -> str:
    """Three or four significant digits with k, M or B.

    >>> usd_short(2_340_000)
    '2.34M'
    """
    for scale, letter in ((1e9, "B"), (1e6, "M"), (1e3, "k")):
        if abs(value) >= scale:
            scaled = value / scale
            return number(scaled, 2 if abs(scaled) < 10 else 1 if abs(scaled) < 100 else 0, signed=signed) + letter
    return number(value, 0, signed=signed)


def usd_tick(value: float) -> str:
    """As `usd_short`, without trailing zeros: for axes.

    >>> usd_tick(1_200_000), usd_tick(50_000)
    ('1.2M', '50k')
    """
    for scale, letter in ((1e9, "B"), (1e6, "M"), (1e3, "k")):
        if abs(value) >= scale:
            return f"{value / scale:g}{letter}".replace("-", MINUS)
    return f"{value:g}".replace("-", MINUS)


def probability(value: float, *, signed: bool = False) -> str:
    """Three decimals; what rounds to certainty is printed as a bound."""
    if not signed and 0.9995 <= value < 1:
        return ">" + NBSP + "0.999"
    if not signed and 0 < value < 0.0005:
        return "<" + NBSP + "0.001"
    return number(value, 3, signed=signed)


def duration_us(value: float, *, signed: bool = False) -> str:
    """Microseconds in the largest unit that leaves at least one: us, ms, s, h or days.

    >>> duration_us(3_600_000_000)
    '1\\xa0h'
    """
    for scale, unit in ((86_400e6, "days"), (3_600e6, "h"), (1e6, "s"), (1e3, "ms")):
        if abs(value) >= scale:
            scaled = value / scale
            return number(scaled, 0 if scaled == int(scaled) else 1, signed=signed) + NBSP + unit
    return number(value, 0, signed=signed) + NBSP + "µs"


def amount(value: float, unit: str, *, signed: bool = False) -> str:
    """A figure of the evidence as text, by its unit's name; an unlisted unit is printed behind four digits.

    >>> amount(0.953, "probability"), amount(7.25, "bp of decision notional")
    ('0.953', '7.2\\xa0bp')
    """
    if not math.isfinite(value):
        raise ValueError(f"expected a finite number of {unit}, got {value}: give None for what is undefined")
    word = unit.split(" ")[0]
    if word == "fraction":
        return percent(value, signed=signed)
    if word == "probability":
        return probability(value, signed=signed)
    if word in ("us", "s"):
        return duration_us(value * (1e6 if word == "s" else 1), signed=signed)
    if word in ("1", "count"):
        return number(value, 2 if word == "1" else 0, signed=signed)
    if word == "USD":
        return usd_short(value, signed=signed) + NBSP + "USD"
    if word in ("bp", "bps"):
        return number(value, 1, signed=signed) + NBSP + "bp"
    if word == "x":
        return number(value, 2 if abs(value) < 10 else 0, signed=signed) + "x"
    if word in ("days", "day"):
        return number(value, 0 if value == int(value) else 1, signed=signed) + NBSP + "days"
    return f"{value:{'+' if signed else ''},.4g}".replace("-", MINUS) + NBSP + unit


def bracket(low: float | None, high: float | None, unit: str) -> str:
    """The interval in square brackets, one-sided where only one end is known, empty where neither is."""
    if low is not None and high is not None:
        return f"[{amount(low, unit)}, {amount(high, unit)}]"
    if low is not None:
        return f"[≥{NBSP}{amount(low, unit)}]"
    return f"[≤{NBSP}{amount(high, unit)}]" if high is not None else ""


def figure_text(figure: Figure) -> str:
    """Value and interval, or `undefined`."""
    if figure.value is None:
        return "undefined"
    interval = bracket(figure.low, figure.high, figure.unit)
    return amount(figure.value, figure.unit) + (" " + interval if interval else "")


def comparison_sign(comparison: str) -> str:
    return _COMPARISONS.get(comparison, comparison)


def utc(us: int) -> str:
    """Date and time to the minute (to the second where there is one), in UTC.

    >>> utc(1763253000000000)
    '2025-11-16 00:30Z'
    """
    moment = to_datetime(us)
    return moment.strftime("%Y-%m-%d %H:%M:%SZ" if moment.second else "%Y-%m-%d %H:%MZ")


def short_digest(digest: str) -> str:
    """The first 12 hex digits; the whole digest stands in the page's details.

    >>> short_digest("sha256:0123456789abcdef")
    '0123456789ab'
    """
    return digest.removeprefix("sha256:")[:12]
