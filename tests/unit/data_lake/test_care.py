from pathlib import Path

import polars as pl
import pytest

from data_lake import rewrite, store
from data_lake.care import compact, expire, snapshots
from data_lake.lake import Lake
from data_lake.lake_check import check_lake, listed_files
from data_lake.schema import BARS
from domain.errors import Refused
from domain.market import Market
from tests.fault import lake_world as world

SAID = {"venue": "v", "market": Market.SPOT, "received_us": world.NOW_US, "source": "x"}


@pytest.fixture
def filled(lake: Lake, tmp_path: Path) -> Lake:
    world.write_deliveries(tmp_path / "in")
    world.deliver(lake, tmp_path / "in", "base")
    world.deliver(lake, tmp_path / "in", "next")
    return lake


def _kinds(lake: Lake) -> set[str]:
    return {problem.kind for problem in check_lake(lake.home, lake.catalogue).problems}


def test_a_sound_lake_is_clean(filled: Lake) -> None:
    report = check_lake(filled.home, filled.catalogue)
    assert (report.clean, report.leftovers, report.deliveries, report.raw_files) == (True, (), 2, 5)
    assert report.data_files >= 3


def test_each_damage_is_named(filled: Lake) -> None:
    assert _kinds(filled) == set()
    file = next(item.path for item in listed_files(filled.catalogue) if "bars_current" in str(item.path))
    whole = file.read_bytes()
    for damaged, kind in ((whole[:-1], "file_size"), (whole[:9] + bytes([whole[9] ^ 1]) + whole[10:], "file_damaged")):
        file.write_bytes(damaged)
        assert kind in _kinds(filled)
    file.unlink()
    assert {"file_absent", "unreadable"} <= _kinds(filled)
    file.write_bytes(whole)
    raw = sorted((filled.home / "raw").glob("??/*"))
    raw[0].chmod(0o644)
    raw[0].write_bytes(b"other")
    assert "raw_damaged" in _kinds(filled)
    raw[0].unlink()
    assert "raw_absent" in _kinds(filled)
    (filled.home / "raw" / "deliveries" / "sealed" / "000000000002.json").unlink()
    assert "unrecorded" in _kinds(filled)


@pytest.mark.parametrize(
    ("sql", "kind"),
    [
        ("UPDATE bars_superseded SET known_until = known_until + 1 WHERE open_time % 7200000000 = 0", "overlap"),
        ("DELETE FROM bars_current WHERE symbol = 'AAAUSDT'", "overlap"),
        ("INSERT INTO bars_current FROM bars_current WHERE symbol = 'BBBUSDT'", "doubled"),
        ("INSERT INTO bars_observations FROM bars_observations", "doubled"),
        ("UPDATE head SET delivery = 1", "numbering"),
        ("UPDATE delivery_records SET record = 'f' WHERE delivery = 1", "other_record"),
        ("DELETE FROM deliveries WHERE delivery = 2", "not_taken_in"),
    ],
)
def test_each_broken_rule_of_the_tables_is_named(filled: Lake, sql: str, kind: str) -> None:
    filled.catalogue.transact(lambda session: session.execute(sql))
    assert kind in _kinds(filled)


def test_orphans_are_told_and_are_no_problem(filled: Lake) -> None:
    orphan = filled.home / "lake" / "data" / "main" / "bars_current" / "ducklake-orphan.parquet"
    pl.DataFrame({"a": [1]}).write_parquet(orphan)
    report = check_lake(filled.home, filled.catalogue)
    assert report.clean
    assert report.leftovers == (str(orphan),)
    compact(filled.catalogue)
    assert not orphan.exists()


def test_compaction_merges_in_key_order_and_changes_no_answer(lake: Lake, tmp_path: Path) -> None:
    for hours, symbol in ((40, "CCCUSDT"), (50, "AAAUSDT"), (60, "BBBUSDT")):
        (tmp_path / symbol).mkdir()
        world.bars(symbol, range(hours), 100.0).write_csv(tmp_path / symbol / f"{symbol}.csv")
        lake.ingest([tmp_path / symbol], "bars", **SAID)
    before = [_rows(lake, number) for number in (1, 2, 3)]
    report = compact(lake.catalogue)
    assert (report.files_before, report.files_after) == (3, 1)
    assert [_rows(lake, number) for number in (1, 2, 3)] == before
    (file,) = [item.path for item in listed_files(lake.catalogue)]
    stored = pl.read_parquet(file).select("symbol", "open_time")
    assert stored.rows() == sorted(stored.rows())
    assert check_lake(lake.home, lake.catalogue).clean


def test_years_whose_files_interleave_are_put_in_order_and_older_states_stay(
    lake: Lake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "LARGE_ROWS", 10)
    monkeypatch.setattr(rewrite, "WORTH_ROWS", 10)
    for number, symbols in enumerate((("BBBUSDT", "AAAUSDT"), ("CCCUSDT",)), 1):
        write_bars(tmp_path / str(number), symbols)
        lake.ingest([tmp_path / str(number)], "bars", **SAID)
    assert rewrite.interleaved_years(lake.catalogue.connection) == []
    for first in (0, 2):
        folder = tmp_path / f"revised-{first}"
        folder.mkdir()
        hours = [hour for hour in range(60) if hour % 5 in (first, first + 1)]
        world.bars("AAAUSDT", range(60), 100.25)[hours].write_parquet(folder / "AAAUSDT.parquet")
        lake.ingest([folder], "bars", **SAID, known_at=world.REVISED_US + first)
    assert rewrite.interleaved_years(lake.catalogue.connection) == [(BARS, 2024)]
    before, whole = [_rows(lake, number) for number in range(1, 5)], world.fingerprint(lake)
    compact(lake.catalogue)
    assert rewrite.interleaved_years(lake.catalogue.connection) == []
    assert [_rows(lake, number) for number in range(1, 5)] == before
    assert world.fingerprint(lake) == whole
    assert check_lake(lake.home, lake.catalogue).clean
    files = lake.query("SELECT data_file FROM ducklake_list_files('lake', 'bars_current')", ())
    stored = [pl.read_parquet(path).select("symbol", "open_time").rows() for (path,) in files]
    assert all(rows == sorted(rows) for rows in stored)
    assert sorted(row for rows in stored for row in rows) == [row for rows in sorted(stored) for row in rows]
    assert expire(lake.catalogue, 4, named=()) > 0
    assert _rows(lake, 4) == before[3]
    assert world.fingerprint(lake) == whole
    assert check_lake(lake.home, lake.catalogue).clean
    held = {path.name for path in lake.catalogue.location.data.rglob("bars_current/**/*.parquet")}
    assert held == {Path(path).name for (path,) in files}


def write_bars(folder: Path, symbols: tuple[str, ...]) -> None:
    folder.mkdir()
    for symbol in symbols:
        world.bars(symbol, range(60), 100.0).write_parquet(folder / f"{symbol}.parquet")


def _rows(lake: Lake, snapshot: int) -> list[dict[str, object]]:
    read = {"venue": "v", "market": Market.SPOT, "start_us": 0, "end_us": world.NOW_US, "as_of_us": world.NOW_US}
    return lake.read("bars", **read, snapshot=snapshot).to_pylist()


def test_expiry_keeps_what_decisions_name_and_every_version(filled: Lake) -> None:
    before = world.fingerprint(filled)
    first = _rows(filled, 1)
    with pytest.raises(Refused, match="decisions refer to snapshots 1"):
        expire(filled.catalogue, 2, named=(1,))
    with pytest.raises(Refused, match="from 1 to 2"):
        expire(filled.catalogue, 3, named=())
    assert _rows(filled, 1) == first
    assert expire(filled.catalogue, 2, named=(2,)) > 0
    assert [row["readable"] for row in snapshots(filled.catalogue.connection)] == [False, True]
    assert world.fingerprint(filled) == before
    with pytest.raises(Refused, match="unknown snapshot 1"):
        _rows(filled, 1)
    with pytest.raises(Refused, match="gone already"):
        expire(filled.catalogue, 1, named=())
    assert check_lake(filled.home, filled.catalogue).clean
