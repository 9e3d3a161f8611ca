"""Vendors' formats as declared in `config/formats.yaml`, and the reading of a file by its declaration."""

import json
import re
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, Literal, Self

import polars as pl
import pyarrow as pa
from pydantic import Field, model_validator

from data_lake.columns import recognised_columns, to_us
from data_lake.csv_rows import read_csv
from data_lake.formats_books import BOOKS
from data_lake.schema import TABLES, versioned_table
from data_lake.unpack import first_line, unpacked
from domain.errors import Refused
from domain.model import Frozen
from durable.declarations import load

DECLARED = Path(__file__).parents[1] / "config" / "formats.yaml"

_TIMES = frozenset({"received_time", *(table.time for table in TABLES.values())})
_TEXTS = frozenset({"symbol", *(name for table in TABLES.values() for name in table.texts)})
_NUMBER = re.compile(r"^[-+]?\d+(\.\d+)?([eE][-+]?\d+)?$")

Layout = Literal["csv", "json_rows", "json_lines", "tardis_book", "bybit_book", "hyperliquid_depth", "hyperliquid_trades"]


class Format(Frozen):
    """How one kind of file is written."""

    layout: Layout
    table: str
    columns: Mapping[str, int | str] = {}
    """The lake's column to the vendor's: a name, a position from 0, or a dotted place in a JSON object."""
    header: Literal["present", "absent", "optional"] = "present"
    width: int | None = Field(default=None, gt=0)
    """Columns of a row without names; another number is refused."""
    where: Mapping[str, str] = {}
    """Of JSON lines, only those whose value at this place reads like this; others speak of other things."""
    divide_by: Mapping[str, int] = {}
    """Scaled integers: the column is divided by this."""
    sides: Mapping[str, str] = {"buy": "buy", "sell": "sell"}
    kinds: Mapping[str, str] = {}
    contract_usd: int | None = Field(default=None, gt=0)
    """Quantities are contracts of this many USD: `contracts` as delivered, and `quantity` = contracts * USD / price coins."""
    time_format: str | None = None
    symbol_in_name: str | None = None
    """A pattern on the file's name whose named groups, joined and raised to upper case, are the symbol."""

    @model_validator(mode="after")
    def _columns_are_said(self) -> Self:
        if self.layout in ("csv", "json_rows", "json_lines") and not self.columns:
            raise ValueError(f"a {self.layout} layout needs columns")
        return self


class Formats(Frozen):
    formats: Mapping[str, Format]

    def named(self, name: str) -> Format:
        """The declared format; Refused where there is none of this name."""
        if name not in self.formats:
            raise Refused(f"unknown format {name!r}: expected one of {sorted(self.formats)}")
        return self.formats[name]


@cache
def load_formats(path: Path = DECLARED) -> Formats:
    """The declared formats; Refused where the file is absent, is no YAML, or holds an unknown key."""
    return load(path, Formats)


def read_declared(declared: Format, data: bytes, name: str, *, may_be_empty: bool = False) -> pl.DataFrame:
    """All rows of the file in the lake's columns; times int64 microseconds UTC, numbers float64, ids text.

    A number that cannot be read is null, for the row's own quarantine. Raises Refused with what is wrong with the file.
    """
    frames = [_read_plain(declared, inner) for _, inner in unpacked(data, name)]
    frame = pl.concat(frames)
    if frame.is_empty() and not may_be_empty:
        raise Refused("the file has no row of this kind: deliver it again")
    if "symbol" not in frame.columns and declared.symbol_in_name is not None:
        frame = frame.with_columns(symbol=pl.lit(_symbol(declared.symbol_in_name, name)))
    return frame


def _read_plain(declared: Format, data: bytes) -> pl.DataFrame:
    if declared.layout in BOOKS:
        return BOOKS[declared.layout](_text(data))
    if declared.layout == "csv":
        return _mapped(declared, _csv(declared, data))
    if declared.layout == "json_rows":
        return _mapped(declared, _json_rows(declared, _text(data)))
    return _mapped(declared, _json_lines(declared, _text(data)))


def _text(data: bytes) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Refused(f"expected text in UTF-8: {first_line(error)}") from None


def _csv(declared: Format, data: bytes) -> pl.DataFrame:
    first = _text(data[: data.find(b"\n") if b"\n" in data else len(data)]).strip()
    cells = [cell.strip().strip('"') for cell in first.split(",")]
    headed = declared.header == "present" or (declared.header == "optional" and not _NUMBER.match(cells[0]))
    if declared.width is not None and len(cells) != declared.width:
        raise Refused(f"expected {declared.width} columns split by commas, got {len(cells)}: {first[:80]!r}")
    if declared.header == "absent" and not _NUMBER.match(cells[0].split(" ")[0]):
        raise Refused(f"expected numbers from the first line on, got {first[:80]!r}")
    if headed and declared.width is not None:
        _same_order(declared, cells)
    names = cells if headed and declared.width is None else [str(index) for index in range(len(cells))]
    if len(set(names)) != len(names):
        raise Refused("two columns have the same name: rename one")
    frame = pl.from_arrow(read_csv(data, names, _number_types(declared, names), headed=headed))
    assert isinstance(frame, pl.DataFrame)
    return frame


def _number_types(declared: Format, names: Sequence[str]) -> dict[str, pa.DataType]:
    """By the file's column, what `_column` makes of it where it is written as a number."""
    types = {}
    for lake, place in declared.columns.items():
        if str(place) in names and lake not in _TEXTS and not (lake in _TIMES and declared.time_format is not None):
            types[str(place)] = pa.int64() if lake in _TIMES or lake.endswith("_id") else pa.float64()
    return types


def _same_order(declared: Format, header: list[str]) -> None:
    """A header over a file that is read by position must not name another order."""
    named = recognised_columns(versioned_table(declared.table), header)
    for lake, place in declared.columns.items():
        if lake in named and header.index(named[lake]) != place:
            raise Refused(f"expected {lake} in column {place}, the header has it in {header.index(named[lake])}: {header}")


def _json_rows(declared: Format, text: str) -> pl.DataFrame:
    rows = parse_json(text)
    if not isinstance(rows, list) or not all(isinstance(row, list) for row in rows):
        raise Refused("expected a JSON array of arrays")
    widths = {len(row) for row in rows}
    if widths - {declared.width}:
        raise Refused(f"expected rows of {declared.width} values, got rows of {sorted(widths)}")
    places = [str(index) for index in range(declared.width or 0)]
    return pl.DataFrame(
        {place: [as_text(row[index]) for row in rows] for index, place in enumerate(places)}, dict.fromkeys(places, pl.String)
    )


def _json_lines(declared: Format, text: str) -> pl.DataFrame:
    documents = [parse_json(line) for line in text.splitlines() if line.strip()]
    kept = [item for item in documents if all(as_text(_at(item, place)) == value for place, value in declared.where.items())]
    places = [str(place) for place in declared.columns.values()]
    return pl.DataFrame(
        {place: [as_text(_at(item, place)) for item in kept] for place in places}, dict.fromkeys(places, pl.String)
    )


def _at(document: Any, place: str) -> Any:
    for part in place.split("."):
        document = document.get(part) if isinstance(document, dict) else None
    return document


def parse_json(text: str) -> Any:
    """JSON with its numbers kept as their text, so that none is rounded on the way. Raises Refused."""
    try:
        return json.loads(text, parse_float=str, parse_int=str, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise Refused(f"not readable as JSON: {first_line(error)}") from None


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is no number")


def as_text(value: Any) -> str | None:
    """A JSON value as the text that a column holds; nested values say nothing."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else None


def _mapped(declared: Format, frame: pl.DataFrame) -> pl.DataFrame:
    missing = sorted(str(place) for place in declared.columns.values() if str(place) not in frame.columns)
    if missing:
        raise Refused(f"missing column {', '.join(missing)}: the file has {frame.columns}")
    columns = {lake: _column(declared, lake, frame[str(place)]) for lake, place in declared.columns.items()}
    if declared.contract_usd is not None:
        contracts = columns["quantity"]
        columns |= {"contracts": contracts, "quantity": contracts * declared.contract_usd / columns["price"]}
    return pl.DataFrame(columns)


def _column(declared: Format, lake: str, given: pl.Series) -> pl.Series:
    if lake in _TIMES:
        return _times(declared, given)
    if lake in _TEXTS:
        said = {"side": declared.sides, "kind": declared.kinds}.get(lake)
        text = given.str.strip_chars()
        return text if not said else _translated(lake, text, said)
    if lake.endswith("_id"):
        return given.cast(pl.Int64, strict=False)
    numbers = (given.str.strip_chars() if given.dtype == pl.String else given).cast(pl.Float64, strict=False)
    if lake not in declared.divide_by:
        return numbers
    # numpy's division: polars multiplies by the rounded reciprocal, and 3953300 / 10000 is then not 395.33
    return pl.Series(lake, numbers.to_numpy() / declared.divide_by[lake], dtype=pl.Float64).fill_nan(None)


def _times(declared: Format, given: pl.Series) -> pl.Series:
    if declared.time_format is None:
        return to_us(given) if len(given) else given.cast(pl.Int64)
    times = given.str.strip_chars().str.to_datetime(declared.time_format, time_unit="us", strict=False).cast(pl.Int64)
    if len(given) and times.null_count() == len(given):
        raise Refused(f"expected times like {declared.time_format}, got {given[0]!r}")
    return times


def _translated(column: str, text: pl.Series, said: Mapping[str, str]) -> pl.Series:
    unknown = sorted(set(text.drop_nulls().unique()) - set(said))
    if unknown:
        raise Refused(f"unknown {column} {unknown[:3]}: expected one of {sorted(said)}")
    return text.replace_strict(said, return_dtype=pl.String)


def _symbol(pattern: str, name: str) -> str:
    found = re.search(pattern, name)
    if found is None:
        raise Refused(f"expected a file name with its symbol as {pattern!r} finds it, got {name!r}: rename it")
    groups: Sequence[str] = [group for group in found.groupdict().values() if group]
    return "".join(groups).upper()
