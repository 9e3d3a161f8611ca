"""Bytes of a delivered file to a table of its own columns: Parquet and CSV, plain or inside zip or gz."""

import gzip
import io
import re
import zipfile
import zlib
from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pa_parquet

from domain.errors import Refused

SUFFIXES = (".parquet", ".csv", ".zip", ".gz")

_UNPACKED_MAX_BYTES = 2 * 1024**3
"""An archive that claims or holds more than this is refused: a zip bomb, or a file to be split."""

_LINE_MAX_BYTES = 65_536

_KLINE = (
    *("open_time", "open", "high", "low", "close", "volume", "close_time", "quote_volume", "count"),
    *("taker_buy_volume", "taker_buy_quote_volume", "ignore"),
)
_NUMBER = re.compile(r"^[-+]?\d+(\.\d+)?([eE][-+]?\d+)?$")


def read_table(data: bytes, name: str) -> pl.DataFrame:
    """All rows of the file, columns as they are named in it; CSV fields are text.

    A CSV whose first line is numbers has no header and must have the 12 columns of a kline archive. Raises Refused with what
    is wrong with the file.
    """
    if not data:
        raise Refused("the file is empty: deliver it again")
    lowered = name.lower()
    if lowered.endswith(".zip"):
        return _read_zip(data)
    if lowered.endswith(".gz"):
        return read_table(_gunzip(data), lowered[: -len(".gz")])
    if lowered.endswith(".parquet") or data[:4] == b"PAR1":
        return _read_parquet(data)
    if lowered.endswith(".csv"):
        return _read_csv(data)
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
        raise Refused(f"not readable as Parquet: {_first_line(error)}") from None


def _read_parquet(data: bytes) -> pl.DataFrame:
    try:
        table = pa_parquet.read_table(io.BytesIO(data))
    except (pa.ArrowException, OSError) as error:
        raise Refused(f"not readable as Parquet: {_first_line(error)}") from None
    return _as_frame(table)


def _read_csv(data: bytes) -> pl.DataFrame:
    end = data.find(b"\n")
    names, delimiter, headerless = _header(data[: end if end >= 0 else len(data)])
    try:
        table = pa_csv.read_csv(
            io.BytesIO(data),
            read_options=pa_csv.ReadOptions(column_names=names, skip_rows=0 if headerless else 1),
            parse_options=pa_csv.ParseOptions(delimiter=delimiter),
            convert_options=pa_csv.ConvertOptions(column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=True),
        )
    except pa.ArrowException as error:
        raise Refused(f"not readable as CSV: {_first_line(error)}") from None
    return _as_frame(table)


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


def _read_zip(data: bytes) -> pl.DataFrame:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = [item for item in archive.infolist() if item.filename.lower().endswith((".csv", ".parquet"))]
            if not members:
                raise Refused("the zip holds no .csv or .parquet file")
            if sum(item.file_size for item in members) > _UNPACKED_MAX_BYTES:
                raise Refused(f"the zip unpacks to more than {_UNPACKED_MAX_BYTES} bytes: split it")
            frames = [read_table(archive.read(item), item.filename) for item in members]
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, zlib.error, EOFError) as error:
        raise Refused(f"not readable as zip: {_first_line(error)}") from None
    if any(frame.schema != frames[0].schema for frame in frames):
        raise Refused("the files inside the zip have different columns: deliver them apart")
    return pl.concat(frames)


def _gunzip(data: bytes) -> bytes:
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(data)) as stream:
            unpacked = stream.read(_UNPACKED_MAX_BYTES + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise Refused(f"not readable as gzip: {_first_line(error)}") from None
    if len(unpacked) > _UNPACKED_MAX_BYTES:
        raise Refused(f"the gzip unpacks to more than {_UNPACKED_MAX_BYTES} bytes: split it")
    return unpacked


def _as_frame(table: pa.Table) -> pl.DataFrame:
    twice = sorted({name for name in table.column_names if table.column_names.count(name) > 1})
    if twice:
        raise Refused(f"two columns are named {twice[0]!r}: rename one")
    if table.num_rows == 0:
        raise Refused("the file has columns and no row: deliver it again")
    frame = pl.from_arrow(table)
    assert isinstance(frame, pl.DataFrame)
    return frame


def _first_line(error: BaseException) -> str:
    return str(error).splitlines()[0][:200] if str(error) else type(error).__name__
