import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from data_lake.digest import lake_digest
from data_lake.lake import Lake
from data_lake.rebuild import rebuild
from data_lake.records import DeliveryRecords
from domain.errors import Refused
from tests.fault import lake_world as world


@pytest.fixture
def home(tmp_path: Path) -> Path:
    world.write_deliveries(tmp_path / "in")
    with Lake(tmp_path / "home", threads=1, sources=("next",)) as lake:
        world.deliver(lake, tmp_path / "in", "base")
        world.deliver(lake, tmp_path / "in", "next")
    return tmp_path / "home"


def _state(home: Path) -> tuple[dict[str, object], str]:
    with Lake(home, threads=1) as lake:
        return world.fingerprint(lake), lake_digest(lake.catalogue.connection)


def _as_it_is(_: Path) -> None:
    return


def _catalogue_gone(home: Path) -> None:
    shutil.rmtree(home / "lake")


def _catalogue_broken(home: Path) -> None:
    (home / "lake" / "catalogue.sqlite").write_bytes(b"no database" * 100)


def _data_gone(home: Path) -> None:
    shutil.rmtree(home / "lake" / "data" / "main" / "bars_current")


def _half_a_rebuild(home: Path) -> None:
    shutil.copytree(home / "lake", home / "lake.rebuilding")
    (home / "lake").rename(home / "lake.replaced-1")


@pytest.mark.parametrize("damage", [_as_it_is, _catalogue_gone, _catalogue_broken, _data_gone, _half_a_rebuild])
def test_a_lake_comes_back_from_raw_with_the_same_content_and_numbers(home: Path, damage: Callable[[Path], None]) -> None:
    before = _state(home)
    damage(home)
    report = rebuild(home, threads=1)
    assert (report.deliveries, report.digest, report.kept) == (2, before[1], None)
    assert report.digest_before == (before[1] if damage is _as_it_is else None)
    assert _state(home) == before
    assert not (home / "lake.rebuilding").exists()


def test_trust_in_sources_is_that_of_the_delivery_and_not_of_the_rebuild(home: Path) -> None:
    record = DeliveryRecords(home).record(2)
    assert record.sources == ("next",)
    assert record.said.known_at == world.REVISED_US
    assert [file.origin for file in record.files] == ["next/AAAUSDT.csv", "next/BBBUSDT.csv", "next/CCCUSDT.csv"]


def test_a_lost_catalogue_is_never_an_empty_lake(home: Path) -> None:
    shutil.rmtree(home / "lake")
    with pytest.raises(Refused, match="run `factory lake rebuild`"):
        Lake(home)
    assert not (home / "lake").exists()


def test_a_catalogue_older_than_the_record_takes_nothing_in(home: Path, tmp_path: Path) -> None:
    sealed = home / "raw" / "deliveries" / "sealed"
    shutil.copy(sealed / "000000000002.json", sealed / "000000000003.json")
    with Lake(home, threads=1) as lake, pytest.raises(Refused, match="3 deliveries on record and the catalogue 2"):
        world.deliver(lake, tmp_path / "in", "next")


def test_a_damaged_raw_file_or_statement_stops_the_rebuild_and_leaves_the_lake(home: Path) -> None:
    before = _state(home)
    (checksum,) = {file.checksum for file in DeliveryRecords(home).record(2).files if file.name == "AAAUSDT.csv"}
    raw = home / "raw" / checksum[:2] / checksum
    whole = raw.read_bytes()
    raw.chmod(0o644)
    raw.write_bytes(whole[:-1])
    with pytest.raises(Refused, match="no longer has its checksum"):
        rebuild(home)
    raw.write_bytes(whole)
    digest = DeliveryRecords(home).sealed(1)
    statement = home / "raw" / "deliveries" / "statements" / f"{digest}.json"
    statement.chmod(0o644)
    statement.write_text(json.dumps(json.loads(statement.read_text()) | {"venue": "other"}))
    with pytest.raises(Refused, match="no longer has its digest"):
        rebuild(home)
    assert _state(home) == before


def test_a_delivery_without_a_record_is_refused(home: Path) -> None:
    (home / "raw" / "deliveries" / "sealed" / "000000000001.json").unlink()
    shutil.rmtree(home / "lake")
    with pytest.raises(Refused, match=r"deliveries \[1\] have no record"):
        rebuild(home)


def test_a_commit_whose_writer_died_before_the_seal_is_sealed_by_the_next_one(home: Path, tmp_path: Path) -> None:
    seal = home / "raw" / "deliveries" / "sealed" / "000000000002.json"
    held = seal.read_bytes()
    seal.unlink()
    with Lake(home, threads=1) as lake:
        world.deliver(lake, tmp_path / "in", "next")
    assert seal.read_bytes() == held


def test_a_replay_that_differs_keeps_the_old_lake_aside(home: Path) -> None:
    with Lake(home, threads=1) as lake:
        lake.catalogue.transact(lambda session: session.execute("UPDATE bars_current SET close = 1 WHERE symbol = 'AAAUSDT'"))
    report = rebuild(home)
    assert report.digest != report.digest_before
    assert report.kept == home / "lake.replaced-1"
    assert (home / "lake.replaced-1" / "catalogue.sqlite").exists()
