import shutil
from dataclasses import replace
from pathlib import Path

import polars as pl
import pyarrow.parquet as pq
import pytest

from data_lake import read as read_module
from data_lake import store as store_module
from data_lake.care import compact
from data_lake.digest import lake_digest
from data_lake.lake import Lake
from data_lake.lake_check import check_lake
from data_lake.schema import BARS
from domain.errors import Refused
from domain.market import Market
from domain.times import US_PER_DAY, parse_utc
from tests.unit.data_lake.bars import START_US, bar_frame, write

LATER = parse_utc("2026-01-01")
SAID = {"venue": "v", "market": Market.SPOT, "received_us": LATER, "source": "vendor"}
DAYS = range(0, 24 * 375, 24)
READ = {"venue": "v", "market": Market.SPOT, "interval_us": US_PER_DAY, "start_us": START_US, "end_us": LATER}
REVISED_US = LATER - US_PER_DAY


def _deliveries(folder: Path) -> tuple[Path, Path]:
    """Two symbols over two years, and a hundred bars of one of them with another close; symbols and times out of order."""
    base = pl.concat([bar_frame("BBBUSDT", DAYS), bar_frame("AAAUSDT", DAYS)]).reverse()
    revised = bar_frame("BBBUSDT", DAYS[100:200]).with_columns(close=pl.col("close") - 0.25)
    return write(folder, "base.csv", base), write(folder, "revised.csv", revised)


def _filled(home: Path, files: tuple[Path, Path]) -> str:
    with Lake(home, threads=2) as lake:
        lake.ingest([files[0]], "bars", **SAID, interval_us=US_PER_DAY)
        lake.ingest([files[1]], "bars", **SAID, interval_us=US_PER_DAY, known_at=REVISED_US)
        return lake_digest(lake.catalogue.connection)


@pytest.fixture(scope="module")
def by_files(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A home whose every batch went into files, and the digest of one whose batches were inserted."""
    folder = tmp_path_factory.mktemp("lake")
    files = _deliveries(folder)
    inserted = _filled(folder / "inserted", files)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(store_module, "LARGE_ROWS", 1)
        assert _filled(folder / "files", files) == inserted
    return folder / "files", inserted


def test_a_large_batch_lies_in_sorted_files_by_year(by_files: tuple[Path, str]) -> None:
    home, _ = by_files
    folders = sorted((home / "lake/data/main/bars_current").glob("event_year=*"))
    assert [folder.name for folder in folders] == ["event_year=2024", "event_year=2025"]
    for folder in folders:
        for file in folder.iterdir():
            rows = pl.read_parquet(file, hive_partitioning=False).select("symbol", "open_time")
            assert rows.equals(rows.sort("symbol", "open_time"))


def test_names_are_stored_once_and_times_as_differences(by_files: tuple[Path, str]) -> None:
    home, _ = by_files
    for file in (home / "lake/data/main/bars_current").glob("event_year=*/*.parquet"):
        group = pq.ParquetFile(file).metadata.row_group(0)
        columns = {group.column(place).path_in_schema: group.column(place).encodings for place in range(group.num_columns)}
        for name in ("symbol", "venue", "source", "interval_us"):
            assert "RLE_DICTIONARY" in columns[name], name
        assert "DELTA_BINARY_PACKED" in columns["open_time"]
        assert "PLAIN" in columns["close"]


def test_files_belong_to_the_lake_as_inserted_rows_do(by_files: tuple[Path, str], tmp_path: Path) -> None:
    home, digest = by_files
    moved = tmp_path / "moved"
    shutil.copytree(home, moved)
    with Lake(moved) as lake:
        assert check_lake(moved, lake.catalogue).problems == ()
        before = lake.read("bars", **READ, as_of_us=LATER, snapshot=1)
        assert compact(lake.catalogue).digest == digest
        assert lake.read("bars", **READ, as_of_us=LATER, snapshot=1).equals(before)
        assert check_lake(moved, lake.catalogue).problems == ()


def test_an_answer_read_in_parts_is_the_same_answer(by_files: tuple[Path, str], monkeypatch: pytest.MonkeyPatch) -> None:
    with Lake(by_files[0]) as lake:
        moments = (REVISED_US - 1, LATER)
        whole = [lake.read("bars", **READ, as_of_us=moment) for moment in moments]
        monkeypatch.setattr(read_module, "PART_ROWS", 100)
        parts = [lake.read("bars", **READ, as_of_us=moment) for moment in moments]
    assert [len(rows) for rows in whole] == [2 * len(DAYS)] * 2
    assert whole[0]["close"] != whole[1]["close"]
    assert all(part.equals(rows) for part, rows in zip(parts, whole, strict=True))


def test_parts_are_told_by_what_was_delivered_and_leave_no_symbol_out(
    by_files: tuple[Path, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(read_module, "PART_ROWS", 100)
    with Lake(by_files[0]) as lake:
        asked = read_module.Query(BARS, "v", Market.SPOT, US_PER_DAY, START_US, LATER, LATER)
        parts = read_module.symbol_parts(lake.catalogue.connection, asked, "")
        assert parts == ["true AND symbol < 'BBBUSDT'", "symbol >= 'BBBUSDT' AND true"]
        spoiled = bar_frame("CCCUSDT", DAYS).with_columns(close=-1.0)
        with pytest.raises(Refused, match="nothing usable"):
            lake.ingest([write(tmp_path, "spoiled.csv", spoiled)], "bars", **{**SAID, "venue": "w"}, interval_us=US_PER_DAY)
        elsewhere = replace(asked, venue="w", interval_us=None)
        assert read_module.symbol_parts(lake.catalogue.connection, elsewhere, "") == ["true AND true"]
        assert lake.read("bars", **{**READ, "venue": "w"}, as_of_us=LATER).num_rows == 0
