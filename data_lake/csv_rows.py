"""The rows of a CSV: numbers read as numbers where their text leaves no doubt, everything as text where it does."""

from collections.abc import Mapping, Sequence

import pyarrow as pa
import pyarrow.csv as pa_csv

from data_lake.unpack import first_line
from domain.errors import Refused

_DOUBTFUL = (b" ", b"\t", b"(")
"""What Arrow reads past in a number, and the lake's own rules for text do not: `1 `, `nan(1)`."""


def read_csv(
    data: bytes, names: Sequence[str], numbers: Mapping[str, pa.DataType], *, headed: bool, delimiter: str = ","
) -> pa.Table:
    """The columns by these names, the first line left out where `headed`; Refused where the rows do not have them.

    `numbers`: columns to read as such, if all of them can be; other columns, and all of them where one number cannot be read, are
    text. An empty field is null. Reading numbers at once takes a third of the time of reading text and turning it into numbers.
    """
    types = {name: pa.string() for name in names}
    if numbers and not any(mark in data for mark in _DOUBTFUL):
        try:
            return _read(data, types | dict(numbers), headed, delimiter)
        except pa.ArrowInvalid:
            pass  # text where a number was due: its row goes to quarantine by the rules for text
    try:
        return _read(data, types, headed, delimiter)
    except pa.ArrowException as error:
        raise Refused(f"not readable as CSV: {first_line(error)}") from None


def _read(data: bytes, types: Mapping[str, pa.DataType], headed: bool, delimiter: str) -> pa.Table:
    return pa_csv.read_csv(
        pa.BufferReader(data),
        read_options=pa_csv.ReadOptions(column_names=list(types), skip_rows=int(headed)),
        parse_options=pa_csv.ParseOptions(delimiter=delimiter),
        convert_options=pa_csv.ConvertOptions(column_types=types, strings_can_be_null=True),
    )
