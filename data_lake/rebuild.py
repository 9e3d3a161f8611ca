"""Dropping the catalogue and making it again from the raw store: the same content, the same delivery numbers."""

import os
import shutil
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import duckdb

from data_lake.catalogue import Catalogue
from data_lake.digest import lake_digest
from data_lake.ingest import replay, seal_what_is_held
from data_lake.location import FILE, Location, location_of, sqlite_location
from data_lake.raw import RawStore
from data_lake.records import DeliveryRecords
from domain.errors import Refused
from durable.files import sync_folder

Progress = Callable[[str, int, int], None]
"""What is being done, how many of its parts are done, how many there are."""


def silent(_what: str, _done: int, _total: int) -> None:
    """No progress shown."""


@dataclass(frozen=True)
class RebuildReport:
    """`digest_before` is None where the old catalogue could not be read; `kept`: the old lake, where its content was another."""

    deliveries: int
    digest: str
    digest_before: str | None
    kept: Path | None


def rebuild(home: Path, *, threads: int = 2, progress: Progress = silent) -> RebuildReport:
    """Replay every sealed delivery into a new catalogue beside the old one, then put it in its place.

    For a caller that holds the home. Interrupted at any point, the home still has its old lake or its new one, or the next
    command asks for another rebuild. Raises Refused, leaving the lake as it is, where a delivery is not on record, a raw file is
    damaged or missing, or a replayed delivery does not get its number.
    """
    raw, records = RawStore(home), DeliveryRecords(home)
    location = location_of(home)
    if location.schema is not None:
        return _fill_database(home, location, raw, records, threads, progress)
    place, beside = home / "lake", home / "lake.rebuilding"
    digest_before = _state_before(home, place, records, progress)
    _refuse_damaged(home, raw, records, progress)
    shutil.rmtree(beside, ignore_errors=True)
    with closing(Catalogue(home, threads, location=sqlite_location(beside))) as catalogue:
        digest = _replay_all(catalogue, raw, records, progress)
    _sync_all(beside)
    same = digest_before in (None, digest)
    kept = _swap(home, place, beside, keep=not same)
    return RebuildReport(len(records.numbers()), digest, digest_before, kept)


def _fill_database(
    home: Path, location: Location, raw: RawStore, records: DeliveryRecords, threads: int, progress: Progress
) -> RebuildReport:
    """A database is not swapped by a rename: the configuration names an empty schema, which is filled, and resumed if cut off."""
    _refuse_damaged(home, raw, records, progress)
    with closing(Catalogue(home, threads, location=location)) as catalogue:
        if _head(catalogue) >= len(records.numbers()):
            raise Refused(
                f"schema {location.schema!r} holds all {len(records.numbers())} deliveries: to rebuild, name an empty schema in "
                f"{home / FILE} and run this again"
            )
        return RebuildReport(len(records.numbers()), _replay_all(catalogue, raw, records, progress), None, None)


def _replay_all(catalogue: Catalogue, raw: RawStore, records: DeliveryRecords, progress: Progress) -> str:
    numbers = records.numbers()
    for number in numbers[_head(catalogue) :]:
        report = replay(catalogue, raw, records.record(number), records.sealed(number))
        if report.snapshot != number:
            raise Refused(f"delivery {number} became {report.snapshot} in the replay: its record repeats an earlier one")
        progress("replaying deliveries", number, len(numbers))
    return lake_digest(catalogue.connection)


def _head(catalogue: Catalogue) -> int:
    (head,) = catalogue.connection.execute("SELECT delivery FROM head").fetchone() or (0,)
    return int(head)


def refuse_empty_database(catalogue: Catalogue, records: DeliveryRecords) -> None:
    """As `refuse_lost_catalogue`, for a catalogue that is no file."""
    if catalogue.location.schema is not None and _head(catalogue) == 0 and records.numbers():
        raise Refused(f"schema {catalogue.location.schema!r} is empty and deliveries are on record: run `factory lake rebuild`")


def refuse_lost_catalogue(home: Path, records: DeliveryRecords) -> None:
    """An empty lake is never the answer to a lost one: Refused where deliveries are on record and the catalogue is gone."""
    if location_of(home).schema is None and not (home / "lake" / "catalogue.sqlite").exists() and records.numbers():
        raise Refused(f"{home} has deliveries on record and no catalogue: run `factory lake rebuild`")


def _state_before(home: Path, place: Path, records: DeliveryRecords, progress: Progress) -> str | None:
    """The digest of the lake as it is, after sealing what it took in; None where it cannot be read."""
    if not (place / "catalogue.sqlite").exists():
        return None
    progress("reading the lake as it is", 0, 1)
    try:
        with closing(Catalogue(home, location=sqlite_location(place))) as catalogue:
            seal_what_is_held(catalogue, records)
            rows = catalogue.connection.execute("SELECT delivery FROM deliveries ORDER BY delivery").fetchall()
            unknown = sorted({int(number) for (number,) in rows} - set(records.numbers()))
            if unknown:
                raise Refused(
                    f"deliveries {unknown[:5]} were taken in before deliveries were recorded: this lake cannot be rebuilt; "
                    "deliver the files again into a new home"
                )
            digest = lake_digest(catalogue.connection)
    except (duckdb.Error, OSError):
        return None
    progress("reading the lake as it is", 1, 1)
    return digest


def _refuse_damaged(home: Path, raw: RawStore, records: DeliveryRecords, progress: Progress) -> None:
    """Read every record and raw file once more: a damaged one would be replayed as unreadable, and silently change the lake."""
    numbers = records.numbers()
    lost = sorted(set(range(1, max(numbers, default=0) + 1)) - set(numbers))
    if lost:
        raise Refused(f"deliveries {lost[:5]} have no record in {home / 'raw' / 'deliveries'}: restore the raw store from a copy")
    checksums = sorted({file.checksum for number in numbers for file in records.record(number).files})
    for done, checksum in enumerate(checksums, 1):
        raw.get(checksum)
        progress("checking raw files", done, len(checksums))


def _swap(home: Path, place: Path, beside: Path, *, keep: bool) -> Path | None:
    aside = next(path for number in range(1, 10_000) if not (path := home / f"lake.replaced-{number}").exists())
    if place.exists():
        place.rename(aside)
    beside.rename(place)
    sync_folder(home)
    if keep:
        return aside
    shutil.rmtree(aside, ignore_errors=True)
    return None


def _sync_all(folder: Path) -> None:
    """DuckDB leaves its files to the system's cache; what replaces a lake must be on the disk first."""
    for path in sorted(folder.rglob("*")):
        if path.is_dir():
            sync_folder(path)
            continue
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    sync_folder(folder)
