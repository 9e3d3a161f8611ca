"""Versions of the market's data that were known and are no more."""

from typing import NamedTuple

from domain.arrays import FloatArray, IntArray

FOREVER_US = 2**62


class Cells(NamedTuple):
    """Values of one field of a panel that were known and are no more, (K,) each: bar, symbol, from when, until when, value.

    NaN is what stood in place of a bar, or of a rate, that was not known yet.
    """

    row: IntArray
    column: IntArray
    from_us: IntArray
    until_us: IntArray
    value: FloatArray
