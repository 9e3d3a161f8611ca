"""How many lags a long-run variance looks at, from the number of observations T."""

import math

ROUNDING_DECIMALS = 9
"""A bound that is a whole number in exact arithmetic stays one."""


def newey_west_lags(T: int) -> int:
    """floor(4 (T/100)^(2/9)). Source: Newey and West (1994), RES 61, for the Bartlett kernel."""
    return math.floor(round(4.0 * math.pow(T / 100.0, 2.0 / 9.0), ROUNDING_DECIMALS))


def quarter_power_lags(T: int) -> int:
    """floor(4 (T/100)^(1/4)). Source: Newey and West (1994), the rule for the quadratic spectral kernel's pilot."""
    return math.floor(round(4.0 * math.pow(T / 100.0, 0.25), ROUNDING_DECIMALS))


def llsw_lags(T: int) -> int:
    """ceil(1.3 sqrt(T)), to be used with fixed-b critical values. Source: Lazarus, Lewis, Stock and Watson (2018), JBES 36."""
    return math.ceil(round(1.3 * math.sqrt(T), ROUNDING_DECIMALS))
