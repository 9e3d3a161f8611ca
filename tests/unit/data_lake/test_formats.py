import gzip
import io
import zipfile
from pathlib import Path

import polars as pl
import pytest

from data_lake.formats import column_names, read_table
from domain.errors import Refused
from tests.unit.data_lake.bars import REAL, bar_frame, needs_market

CSV = b"open_time,open\n1704067200,1.5\n1704070800,2\n"


def _zip(members: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return buffer.getvalue()


def test_csv_zip_and_gz_hold_the_same_rows() -> None:
    plain = read_table(CSV, "a.csv")
    assert plain.rows() == [("1704067200", "1.5"), ("1704070800", "2")]
    assert read_table(gzip.compress(CSV), "a.csv.gz").equals(plain)
    assert read_table(_zip({"a.csv": CSV}), "a.zip").equals(plain)
    assert read_table(_zip({"a.csv": CSV, "b.csv": CSV}), "a.zip").height == 4


def test_parquet_keeps_its_types() -> None:
    buffer = io.BytesIO()
    bar_frame().write_parquet(buffer)
    assert read_table(buffer.getvalue(), "x.parquet").equals(bar_frame())


def test_other_delimiters_and_a_byte_order_mark_are_read() -> None:
    assert read_table("\ufeffopen_time;open\n1;2\n".encode(), "a.csv").columns == ["open_time", "open"]


@needs_market
def test_kline_archives_with_and_without_header() -> None:
    headed = REAL / "raw" / "binance_spot_BTCUSDT-1h-2023-01.csv"
    bare = REAL / "raw" / "binance_ADABTC-1m-2021-11-27_noheader.csv"
    assert read_table(headed.read_bytes(), headed.name).columns == read_table(bare.read_bytes(), bare.name).columns
    assert read_table(bare.read_bytes(), bare.name).row(0)[:2] == ("1637971200000", "0.00002853")
    assert read_table(headed.read_bytes(), headed.name).height == 744


@pytest.mark.parametrize(
    ("data", "name", "reason"),
    [
        (b"", "a.csv", "the file is empty"),
        (b"open_time,open\n", "a.csv", "no row"),
        (b"\n1,2\n", "a.csv", "empty line"),
        (b"1704067200,1,2\n", "a.csv", "without header must have the 12 kline columns, got 3"),
        (b"a,b\n1,2,3\n", "a.csv", "not readable as CSV"),
        (b"a,a\n1,2\n", "a.csv", "two columns are named 'a'"),
        (b"a,b\n\xff\xfe,2\n", "a.csv", "not readable as CSV"),
        (b"PAR1 and then nothing", "a.parquet", "not readable as Parquet"),
        (b"no zip", "a.zip", "not readable as zip"),
        (_zip({"readme.txt": b"hi"}), "a.zip", "holds no .csv or .parquet"),
        (gzip.compress(CSV)[:-9], "a.csv.gz", "not readable as gzip"),
        (b"x", "a.txt", "expected a file ending in"),
    ],
    # Archives hold the time they were packed, so their bytes make no stable id.
    ids=lambda value: value if isinstance(value, str) else "data",
)
def test_what_cannot_be_read_is_refused_with_the_reason(data: bytes, name: str, reason: str) -> None:
    with pytest.raises(Refused, match=reason):
        read_table(data, name)


def test_a_truncated_parquet_is_refused() -> None:
    buffer = io.BytesIO()
    bar_frame().write_parquet(buffer)
    with pytest.raises(Refused, match="not readable as Parquet"):
        read_table(buffer.getvalue()[:-40], "x.parquet")


def test_names_are_read_without_the_rows(tmp_path: Path) -> None:
    bar_frame().write_parquet(tmp_path / "a.parquet")
    (tmp_path / "b.csv").write_bytes(CSV)
    (tmp_path / "c.csv.gz").write_bytes(gzip.compress(CSV))
    assert column_names(tmp_path / "a.parquet") == bar_frame().columns
    assert column_names(tmp_path / "b.csv") == column_names(tmp_path / "c.csv.gz") == ["open_time", "open"]


def test_an_archive_that_unpacks_too_far_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("data_lake.unpack.UNPACKED_MAX_BYTES", 10)
    with pytest.raises(Refused, match="unpacks to more than"):
        read_table(gzip.compress(CSV), "a.csv.gz")
    with pytest.raises(Refused, match="unpacks to more than"):
        read_table(_zip({"a.csv": CSV}), "a.zip")


def test_a_frame_inside_a_zip_may_be_parquet() -> None:
    buffer = io.BytesIO()
    pl.DataFrame({"a": [1]}).write_parquet(buffer)
    assert read_table(_zip({"x.parquet": buffer.getvalue()}), "x.zip").rows() == [(1,)]
