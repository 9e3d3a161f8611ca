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
    place, beside = home / "lake", home / "lake.rebuilding"
    digest_before = _state_before(home, place, records, progress)
    numbers = records.numbers()
    if numbers != tuple(range(1, len(numbers) + 1)):
        lost = sorted(set(range(1, numbers[-1] + 1)) - set(numbers))
        raise Refused(f"deliveries {lost[:5]} have no record in {home / 'raw' / 'deliveries'}: restore the raw store from a copy")
    _refuse_damaged(raw, records, numbers, progress)
    shutil.rmtree(beside, ignore_errors=True)
    with closing(Catalogue(home, threads, folder=beside)) as catalogue:
        for number in numbers:
            report = replay(catalogue, raw, records.record(number), records.sealed(number))
            if report.snapshot != number:
                raise Refused(f"delivery {number} became {report.snapshot} in the replay: its record repeats an earlier one")
            progress("replaying deliveries", number, len(numbers))
        digest = lake_digest(catalogue.connection)
    _sync_all(beside)
    same = digest_before in (None, digest)
    kept = _swap(home, place, beside, keep=not same)
    return RebuildReport(len(numbers), digest, digest_before, kept)


def refuse_lost_catalogue(home: Path, records: DeliveryRecords) -> None:
    """An empty lake is never the answer to a lost one: Refused where deliveries are on record and the catalogue is gone."""
    if not (home / "lake" / "catalogue.sqlite").exists() and records.numbers():
        raise Refused(f"{home} has deliveries on record and no catalogue: run `factory lake rebuild`")


def _state_before(home: Path, place: Path, records: DeliveryRecords, progress: Progress) -> str | None:
    """The digest of the lake as it is, after sealing what it took in; None where it cannot be read."""
    if not (place / "catalogue.sqlite").exists():
        return None
    progress("reading the lake as it is", 0, 1)
    try:
        with closing(Catalogue(home, folder=place)) as catalogue:
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


def _refuse_damaged(raw: RawStore, records: DeliveryRecords, numbers: tuple[int, ...], progress: Progress) -> None:
    """Read every raw file once more: a damaged one would be replayed as unreadable, and silently change the lake."""
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
