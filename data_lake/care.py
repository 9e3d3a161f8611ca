"""Keeping a lake fit: merging small files, listing what it held when, and letting go of old states that nobody decided on."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import duckdb

from data_lake.catalogue import Catalogue
from data_lake.digest import lake_digest
from data_lake.rebuild import Progress, silent
from data_lake.rewrite import interleaved_years, rewrite_year
from domain.errors import Refused


@dataclass(frozen=True)
class CompactReport:
    """Files and bytes of the newest state before and after; the content digest is the same."""

    files_before: int
    files_after: int
    bytes_before: int
    bytes_after: int
    removed: int
    """Files that nothing names any more, taken from the disk."""
    digest: str


def compact(catalogue: Catalogue, *, progress: Progress = silent) -> CompactReport:
    """Merge small files, and put years whose files interleave into key order; every snapshot stays readable.

    For a caller that holds the home. Raises Refused where the content came out different: the lake is then to be rebuilt.
    """
    connection = catalogue.connection
    before, files_before, bytes_before = lake_digest(connection), *_files(connection)
    catalogue.transact(lambda session: session.execute("CALL ducklake_merge_adjacent_files('lake')").fetchall())
    years = interleaved_years(connection)
    progress("putting years in key order", 0, len(years))
    for done, (table, year) in enumerate(years, 1):
        catalogue.transact(lambda session, table=table, year=year: rewrite_year(session, table, year))  # type: ignore[misc]
        progress("putting years in key order", done, len(years))
    after = lake_digest(connection)
    if after != before:
        raise Refused(f"compaction changed the content from {before} to {after}: run `factory lake rebuild`")
    removed = connection.execute("CALL ducklake_cleanup_old_files('lake', cleanup_all => true)").fetchall()
    removed += connection.execute("CALL ducklake_delete_orphaned_files('lake', cleanup_all => true)").fetchall()
    files_after, bytes_after = _files(connection)
    return CompactReport(files_before, files_after, bytes_before, bytes_after, len(removed), after)


def snapshots(connection: duckdb.DuckDBPyConnection) -> list[dict[str, Any]]:
    """One row for each delivery: what was stated, what became of its rows, and whether its state can still be read."""
    readable = {
        int(info.removeprefix("delivery "))
        for (info,) in connection.execute(
            "SELECT commit_extra_info FROM lake.snapshots() WHERE commit_extra_info LIKE 'delivery %'"
        ).fetchall()
    }
    answer = connection.execute("FROM deliveries ORDER BY delivery")
    names = [item[0] for item in answer.description or ()]
    rows = [dict(zip(names, row, strict=True)) for row in answer.fetchall()]
    return [row | {"readable": row["delivery"] in readable} for row in rows]


def expire(catalogue: Catalogue, before: int, named: Sequence[int]) -> int:
    """Let go of the states left behind by deliveries older than `before`; returns how many states went.

    As-of reads of the newest state keep every version: only reading *from an older snapshot* ends. `named`: snapshots that
    decisions refer to. Refused where one of them would go, and for the newest delivery.
    """
    connection = catalogue.connection
    (head,) = connection.execute("SELECT delivery FROM head").fetchone() or (0,)
    if not 1 <= before <= head:
        raise Refused(f"expire before {before}: expected a delivery from 1 to {head}, the newest, which always stays")
    broken = sorted({number for number in named if number < before})
    if broken:
        raise Refused(
            f"expire before {before}: decisions refer to snapshots {', '.join(map(str, broken))}; "
            f"keep them by expiring before {broken[0]} at the latest"
        )
    first = connection.execute(
        "SELECT max(snapshot_id) FROM lake.snapshots() WHERE commit_extra_info = ?", [f"delivery {before}"]
    ).fetchone()
    if first is None or first[0] is None:
        raise Refused(f"expire before {before}: the state of that delivery is gone already; name a later one")
    doomed = [
        version
        for (version,) in connection.execute(
            "SELECT snapshot_id FROM lake.snapshots() WHERE snapshot_id < ? ORDER BY 1", [first[0]]
        ).fetchall()
    ]
    if doomed:
        catalogue.transact(lambda session: session.execute(f"CALL ducklake_expire_snapshots('lake', versions => {doomed})"))
        connection.execute("CALL ducklake_cleanup_old_files('lake', cleanup_all => true)")
    return len(doomed)


def _files(connection: duckdb.DuckDBPyConnection) -> tuple[int, int]:
    """Count and bytes of the files of the newest state."""
    sql = "SELECT sum(file_count), sum(file_size_bytes) FROM ducklake_table_info('lake')"
    files, size = connection.execute(sql).fetchone() or (0, 0)
    return int(files or 0), int(size or 0)
