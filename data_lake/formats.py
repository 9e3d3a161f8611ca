"""Bytes of a delivered file to a table of its own columns: Parquet and CSV, plain or inside zip or gz."""

import io
import re
from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pa_parquet

from data_lake import unpack
from data_lake.columns import number_types
from data_lake.csv_rows import read_csv
from data_lake.schema import VersionedTable
from data_lake.unpack import first_line, gunzip, zip_members
from domain.errors import Refused

SUFFIXES = (".parquet", ".csv", ".zip", ".gz")

_LINE_MAX_BYTES = 65_536
_CELL_BYTES = 8
_LIKELY_RATIO = 50
"""Large Parquet files are usual; one that unpacks to more than this many times its size is a bomb."""

_KLINE = (
    *("open_time", "open", "high", "low", "close", "volume", "close_time", "quote_volume", "count"),
    *("taker_buy_volume", "taker_buy_quote_volume", "ignore"),
)
_NUMBER = re.compile(r"^[-+]?\d+(\.\d+)?([eE][-+]?\d+)?$")


def read_table(data: bytes, name: str, table: VersionedTable | None = None) -> pl.DataFrame:
    """All rows of the file, columns as they are named in it; CSV fields are text, or numbers in the columns that `table` has them
    in, where all of these can be read.

    A CSV whose first line is numbers has no header and must have the 12 columns of a kline archive. Raises Refused with what
    is wrong with the file.
    """
    if not data:
        raise Refused("the file is empty: deliver it again")
    lowered = name.lower()
    if lowered.endswith(".zip"):
        return _read_zip(data, table)
    if lowered.endswith(".gz"):
        return read_table(gunzip(data), lowered[: -len(".gz")], table)
    if lowered.endswith(".parquet") or data[:4] == b"PAR1":
        return _read_parquet(data)
    if lowered.endswith(".csv"):
        return _read_csv(data, table)
    raise Refused(f"expected a file ending in one of {', '.join(SUFFIXES)}, got {name!r}")


def column_names(path: Path) -> list[str]:
    """The file's own column names, without reading its rows where that can be. Raises Refused or OSError."""
    lowered = path.name.lower()
    if lowered.endswith(".csv"):
        with path.open("rb") as file:
            first = file.readline(_LINE_MAX_BYTES)
        return _header(first)[0]
    if not lowered.endswith(".parquet"):
        return read_table(path.read_bytes(), path.name).columns
    try:
        return list(pa_parquet.read_schema(path).names)
    except pa.ArrowException as error:
        raise Refused(f"not readable as Parquet: {first_line(error)}") from None


def _read_parquet(data: bytes) -> pl.DataFrame:
    try:
        with pa_parquet.ParquetFile(io.BytesIO(data)) as file:
            claimed = file.metadata.num_rows * file.metadata.num_columns * _CELL_BYTES
            if claimed > max(unpack.UNPACKED_MAX_BYTES, _LIKELY_RATIO * len(data)):
                raise Refused(f"the Parquet file unpacks to {claimed} bytes, too many for {len(data)}: split it")
            table = file.read()
    except (pa.ArrowException, OSError) as error:
        raise Refused(f"not readable as Parquet: {first_line(error)}") from None
    return _as_frame(table)


def _read_csv(data: bytes, table: VersionedTable | None) -> pl.DataFrame:
    end = data.find(b"\n")
    names, delimiter, headerless = _header(data[: end if end >= 0 else len(data)])
    _refuse_twice(names)
    numbers = {} if table is None else number_types(table, names)
    return _as_frame(read_csv(data, names, numbers, headed=not headerless, delimiter=delimiter))


def _header(line: bytes) -> tuple[list[str], str, bool]:
    first = line.decode("utf-8-sig", errors="replace").strip()
    if not first:
        raise Refused("the file starts with an empty line: expected a header")
    delimiter = max(",;\t|", key=first.count)
    cells = [cell.strip().strip('"') for cell in first.split(delimiter)]
    if not _NUMBER.match(cells[0]):
        return cells, delimiter, False
    if len(cells) != len(_KLINE):
        raise Refused(f"a CSV without header must have the {len(_KLINE)} kline columns, got {len(cells)}: add a header line")
    return list(_KLINE), delimiter, True


def _read_zip(data: bytes, table: VersionedTable | None) -> pl.DataFrame:
    members = [(name, inner) for name, inner in zip_members(data) if name.lower().endswith((".csv", ".parquet"))]
    if not members:
        raise Refused("the zip holds no .csv or .parquet file")
    frames = [read_table(inner, name, table) for name, inner in members]
    if any(frame.schema != frames[0].schema for frame in frames):
        raise Refused("the files inside the zip have different columns: deliver them apart")
    return pl.concat(frames)


def _as_frame(table: pa.Table) -> pl.DataFrame:
    _refuse_twice(table.column_names)
    if table.num_rows == 0:
        raise Refused("the file has columns and no row: deliver it again")
    frame = pl.from_arrow(table)
    assert isinstance(frame, pl.DataFrame)
    return frame


def _refuse_twice(names: list[str]) -> None:
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise Refused(f"two columns are named {twice[0]!r}: rename one")
