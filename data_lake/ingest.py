"""Taking a delivery in: raw bytes first, then one transaction with everything that follows from them."""

from collections import Counter
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import duckdb
import polars as pl

from data_lake.catalogue import Catalogue, append_rows, name_commit, threads_of
from data_lake.delivery import DeliveredFile, ParsedFile, Statement, as_observations, parse_file, take_in
from data_lake.findings import Finding, Severity, finding_row
from data_lake.instruments import Instruments
from data_lake.raw import RawStore
from data_lake.recognise import list_files
from data_lake.records import DeliveryRecord, DeliveryRecords
from data_lake.rowchecks import with_reason
from data_lake.schema import VersionedTable
from data_lake.store import store
from domain.errors import Refused


@dataclass(frozen=True)
class FileOutcome:
    """One file of a delivery; `reason` is set where all of it is in quarantine."""

    origin: str
    checksum: str
    rows_good: int
    rows_bad: int
    reason: str | None
    held_before: bool
    """The same bytes with the same statement were taken in by an earlier delivery."""


@dataclass(frozen=True)
class IngestReport:
    """Row counts that add to all rows delivered; an unreadable file counts as one quarantined row.

    `accepted`: of keys unknown before. `revised`: changed what some as-of read answers. `unchanged`: already held, or facts
    that change no answer.
    """

    accepted: int
    unchanged: int
    revised: int
    quarantined: int
    findings: int
    snapshot: int
    """Number of the newest delivery: the state that a read with this snapshot sees."""
    files: tuple[FileOutcome, ...]
    reasons: tuple[tuple[str, int], ...]
    """Rows in quarantine by reason, most frequent first."""


@dataclass(frozen=True)
class _Held:
    rows_good: int
    rows_bad: int
    reason: str | None


def ingest(
    catalogue: Catalogue,
    raw: RawStore,
    records: DeliveryRecords,
    instruments: Instruments,
    sources: Sequence[str],
    paths: Sequence[Path],
    said: Statement,
) -> IngestReport:
    """Take these files and folders in; see `Lake.ingest`."""
    seal_what_is_held(catalogue, records)
    delivered = take_in_all(raw, said, paths)
    refiled = tuple(sorted(instruments.without_perpetual(said.venue).items()))
    record = DeliveryRecord(said, tuple(sources), refiled, delivered)
    report = _report_of_held(catalogue.connection, delivered) or deliver(catalogue, raw, records, record)
    if report.accepted + report.unchanged + report.revised == 0:
        reason, count = report.reasons[0]
        raise Refused(f"nothing usable among {len(delivered)} files: {count} rows are in quarantine for: {reason}")
    return report


def deliver(catalogue: Catalogue, raw: RawStore, records: DeliveryRecords, record: DeliveryRecord) -> IngestReport:
    """State a delivery whose files the raw store holds, take it into the catalogue in one transaction, and seal it."""
    digest = records.state(record)
    report = replay(catalogue, raw, record, digest)
    if not all(file.held_before for file in report.files):
        records.seal(report.snapshot, digest)
    return report


def replay(catalogue: Catalogue, raw: RawStore, record: DeliveryRecord, digest: str) -> IngestReport:
    """The catalogue's part of a delivery: what follows from a record and the bytes that it names."""
    said, delivered = record.said, record.files
    ranks = {source: rank for rank, source in enumerate(record.sources)}
    parsed: dict[str, ParsedFile] = {}

    def work(connection: duckdb.DuckDBPyConnection) -> IngestReport:
        held = _held(connection, delivered)
        new = [file for file in delivered if file.statement not in held]
        unread = [file for file in new if file.statement not in parsed]
        with ThreadPoolExecutor(threads_of(connection)) as pool:
            parsed.update((rows.file.statement, rows) for rows in pool.map(lambda file: parse_file(raw, said, file), unread))
        observed = as_observations(said, dict(record.refiled), [parsed[file.statement] for file in new])
        report = _write(
            connection, said, dict(record.refiled), ranks, observed, {file: held.get(file.statement) for file in delivered}
        )
        if new:
            append_rows(connection, "delivery_records", [(report.snapshot, digest)])
        return report

    return catalogue.transact(work)


def seal_what_is_held(catalogue: Catalogue, records: DeliveryRecords) -> None:
    """Seal deliveries whose writer died after the commit. Refused where the record knows more deliveries than the catalogue."""
    sealed = records.numbers()
    (head,) = catalogue.connection.execute("SELECT delivery FROM head").fetchone() or (0,)
    if sealed and sealed[-1] > head:
        raise Refused(
            f"the raw store has {sealed[-1]} deliveries on record and the catalogue {head}: run `factory lake rebuild` first"
        )
    if len(sealed) < head:
        held = catalogue.connection.execute("SELECT delivery, record FROM delivery_records ORDER BY delivery").fetchall()
        for delivery, digest in held:
            if delivery not in sealed:
                records.seal(delivery, digest)


def take_in_all(raw: RawStore, said: Statement, paths: Sequence[Path]) -> tuple[DeliveredFile, ...]:
    """Store the bytes of all files under these paths; a file named twice is one."""
    found = {file: f"{file.parent.name}/{file.name}" for file in list_files(paths)}
    files = [take_in(raw, said, file, origin) for file, origin in found.items()]
    return tuple({file.statement: file for file in files}.values())


def _held(connection: duckdb.DuckDBPyConnection, files: Sequence[DeliveredFile]) -> dict[str, _Held]:
    rows = connection.execute(
        "SELECT statement, rows_good, rows_bad, reason FROM delivery_files WHERE list_contains(?, statement)",
        [[file.statement for file in files]],
    ).fetchall()
    return {statement: _Held(good, bad, reason) for statement, good, bad, reason in rows}


def _report_of_held(connection: duckdb.DuckDBPyConnection, files: Sequence[DeliveredFile]) -> IngestReport | None:
    """What to say of files that were all taken in before; None where one is new."""
    held = _held(connection, files)
    if any(file.statement not in held for file in files):
        return None
    (head,) = connection.execute("SELECT delivery FROM head").fetchone() or (0,)
    return _report([_outcome_before(file, held[file.statement]) for file in files], Counter(), Counter(), 0, head)


def _write(
    connection: duckdb.DuckDBPyConnection,
    said: Statement,
    refiled: Mapping[str, str],
    ranks: Mapping[str, int],
    observed: Sequence[ParsedFile],
    files: Mapping[DeliveredFile, _Held | None],
) -> IngestReport:
    (head,) = connection.execute("SELECT delivery FROM head").fetchone() or (0,)
    before = [_outcome_before(file, held) for file, held in files.items() if held is not None]
    if not observed:
        return _report(before, Counter(), Counter(), 0, head)
    delivery = head + 1
    rows = _checked(said, observed)
    good, bad = rows.filter(pl.col("reason").is_null()), rows.filter(pl.col("reason").is_not_null())
    counts: Counter[str] = Counter()
    findings = [*_wrong_markets(said, refiled, good), *_sequence_gaps(said)]
    if len(good):
        stored = store(connection, said.table, good.drop("file", "row", "reason"), ranks, delivery)
        counts.update(dict(stored.outcome.value_counts().iter_rows()))
        findings += _conflicts(said.table, stored.conflicts)
    counted = [dict(frame.group_by("file").len().iter_rows()) for frame in (good, bad)]
    outcomes = [_outcome(file, *(count.get(index, 0) for count in counted)) for index, file in enumerate(observed)]
    report = _report([*before, *outcomes], counts, _reasons(observed, bad), len(findings), delivery)
    _quarantine(connection, said, observed, bad, delivery)
    append_rows(connection, "findings", [finding_row(finding, delivery) for finding in findings])
    _record(connection, said, observed, outcomes, good, report)
    return report


def _checked(said: Statement, observed: Sequence[ParsedFile]) -> pl.DataFrame:
    """Rows of all readable files with their file's index, their position in it and the reason against them."""
    columns = [*said.table.key, *said.table.values, "knowledge_time", "source", "carried", "row"]
    frames = [
        file.rows.select(*columns, file=pl.lit(index, dtype=pl.Int64))
        for index, file in enumerate(observed)
        if file.rows is not None
    ]
    if not frames:
        return pl.DataFrame(schema={"file": pl.Int64, "symbol": pl.String, "market": pl.String, "reason": pl.String})
    return with_reason(said.table, pl.concat(frames), said.received_us)


def _outcome(parsed: ParsedFile, rows_good: int, rows_bad: int) -> FileOutcome:
    if parsed.rows is None:
        return FileOutcome(parsed.file.origin, parsed.file.checksum, 0, parsed.rows_seen, parsed.reason, held_before=False)
    return FileOutcome(parsed.file.origin, parsed.file.checksum, rows_good, rows_bad, None, held_before=False)


def _outcome_before(file: DeliveredFile, held: _Held) -> FileOutcome:
    return FileOutcome(file.origin, file.checksum, held.rows_good, held.rows_bad, held.reason, held_before=True)


def _reasons(observed: Sequence[ParsedFile], bad: pl.DataFrame) -> Counter[str]:
    reasons = Counter(bad["reason"].to_list())
    for file in observed:
        if file.reason is not None:
            reasons[file.reason] += file.rows_seen
    return reasons


def _report(
    outcomes: Sequence[FileOutcome], counts: Counter[str], reasons: Counter[str], findings: int, snapshot: int
) -> IngestReport:
    before = [outcome for outcome in outcomes if outcome.held_before]
    reasons = reasons + Counter()
    for outcome in before:
        if outcome.rows_bad:
            reasons[outcome.reason or "rows refused by an earlier delivery of the same file"] += outcome.rows_bad
    return IngestReport(
        accepted=counts["accepted"],
        unchanged=counts["unchanged"] + sum(outcome.rows_good for outcome in before),
        revised=counts["revised"],
        quarantined=sum(outcome.rows_bad for outcome in outcomes),
        findings=findings,
        snapshot=snapshot,
        files=tuple(sorted(outcomes, key=lambda outcome: outcome.origin)),
        reasons=tuple(sorted(reasons.items(), key=lambda item: (-item[1], item[0]))),
    )


def _wrong_markets(said: Statement, refiled: Mapping[str, str], good: pl.DataFrame) -> list[Finding]:
    moved = good.filter(pl.col("market") != said.market.value)
    if moved.is_empty():
        return []
    series = moved.group_by("symbol", "interval_us").agg(pl.len(), pl.col("open_time").min()).sort("symbol", "interval_us")
    findings = []
    for symbol, interval_us, count, first_us in series.iter_rows():
        evidence = {"delivered_as": said.market.value, "filed_as": "spot", "perpetual": refiled[symbol], "rows": count}
        findings.append(Finding("wrong_market", Severity.AMBER, said.venue, "spot", symbol, interval_us, first_us, evidence))
    return findings


def _sequence_gaps(said: Statement) -> list[Finding]:
    place = (said.venue, said.market.value)
    return [
        Finding("sequence_gap", Severity.AMBER, *place, gap["symbol"], said.interval_us, gap["at_us"], gap["evidence"])
        for gap in (said.form or {}).get("gaps", ())
    ]


def _conflicts(table: VersionedTable, conflicts: pl.DataFrame) -> list[Finding]:
    findings = []
    for row in conflicts.iter_rows(named=True):
        sides = {
            side: {name: row[f"{side}_{name}"] for name in ("source", "delivery", "content", *table.values)}
            for side in ("winner", "loser")
        }
        place = (row["venue"], row["market"], row["symbol"], row.get("interval_us"), row[table.time])
        evidence = {"table": table.name, "knowledge_time": row["knowledge_time"], **sides}
        findings.append(Finding("conflict", Severity.AMBER, *place, evidence))
    return findings


def _quarantine(
    connection: duckdb.DuckDBPyConnection, said: Statement, observed: Sequence[ParsedFile], bad: pl.DataFrame, delivery: int
) -> None:
    rows: list[tuple[object, ...]] = [
        (delivery, said.table.name, file.file.origin, file.file.checksum, file.reason, None)
        for file in observed
        if file.reason is not None
    ]
    if len(bad):
        payloads = bad.select(pl.struct(pl.exclude("file", "reason")).struct.json_encode())[bad.columns[0]]
        for index, reason, payload in zip(bad["file"], bad["reason"], payloads, strict=True):
            file = observed[index].file
            rows.append((delivery, said.table.name, file.origin, file.checksum, reason, payload))
    append_rows(connection, "quarantine", rows)


def _record(
    connection: duckdb.DuckDBPyConnection,
    said: Statement,
    observed: Sequence[ParsedFile],
    outcomes: Sequence[FileOutcome],
    good: pl.DataFrame,
    report: IngestReport,
) -> None:
    delivery = report.snapshot
    place = (said.table.name, said.venue, said.market.value, said.source)
    known = ("published", True) if said.known_at == "published" else (str(said.known_at), False)
    counts = (report.accepted, report.unchanged, report.revised, report.quarantined, report.findings)
    append_rows(connection, "deliveries", [(delivery, *place, *known, said.received_us, len(observed), *counts)])
    files: list[tuple[object, ...]] = []
    told = _symbols_and_intervals(good)
    for index, (parsed, outcome) in enumerate(zip(observed, outcomes, strict=True)):
        identity = (parsed.file.statement, outcome.origin, outcome.checksum, *told.get(index, ("", None)))
        files.append((delivery, *identity, outcome.rows_good, outcome.rows_bad, outcome.reason))
    append_rows(connection, "delivery_files", files)
    connection.execute("UPDATE head SET delivery = ?", [delivery])
    name_commit(connection, delivery)


def _symbols_and_intervals(good: pl.DataFrame) -> dict[int, tuple[str, int | None]]:
    """By file: its symbols, comma-separated, and the length of its bars."""
    interval = pl.col("interval_us").first() if "interval_us" in good.columns else pl.lit(None, dtype=pl.Int64)
    rows = good.group_by("file").agg(pl.col("symbol").unique().sort(), interval.alias("interval_us")).iter_rows()
    return {file: (",".join(symbols), interval_us) for file, symbols, interval_us in rows}
