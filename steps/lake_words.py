"""`factory ingest` and `factory read`: single words on the lake."""

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.feather as feather
import pyarrow.parquet as pq

from data_lake.choices import Ask, Choice, choice_of, read_chosen
from data_lake.lake import Lake
from data_lake.recognise import INTERVALS, list_files
from data_lake.schema import FUNDING, TABLES
from domain.errors import Refused
from domain.market import Market
from domain.times import parse_utc
from steps.exposures import record_read
from steps.home import Home
from steps.ingest import now_us, parse_market

_TIMES = ("open_time", "funding_time", "knowledge_time", "known_until")


def ingest_path(
    home: Home, path: Path, table: str, interval: str | None, venue: str, market: str | None, known_at: str
) -> dict[str, Any]:
    """Take a file or folder into the lake. Raises Refused where nothing usable came."""
    files = list_files([path])
    with home.locked(), Lake(home.root) as lake:
        report = lake.ingest(
            files,
            table,
            venue=venue,
            market=_market(table, market),
            interval_us=parse_interval(interval),
            known_at="published" if known_at == "published" else parse_utc(known_at),
            received_us=now_us(),
            source=f"{venue}-files",
        )
    return {
        "accepted": report.accepted,
        "unchanged": report.unchanged,
        "revised": report.revised,
        "quarantined": report.quarantined,
        "findings": report.findings,
        "snapshot": report.snapshot,
        "reasons": [{"reason": reason, "rows": rows} for reason, rows in report.reasons],
    }


def _market(table: str, stated: str | None) -> Market:
    """As stated; otherwise spot, but for funding, which only contracts have."""
    if stated is not None:
        return parse_market(stated)
    return Market.LINEAR if table == FUNDING.name else Market.SPOT


def read_to_file(
    home: Home,
    table: str,
    symbols: str | None,
    start: str,
    end: str,
    venue: str,
    market: str | None,
    interval: str | None,
    as_of: str | None,
    snapshot: int | None,
    out: Path,
    exclude_flagged: str | None = None,
    universe: str | None = None,
    instruments: str | None = None,
) -> dict[str, Any]:
    """Write an as-of read to a Parquet, CSV or Arrow file; times are UTC microseconds. The read is on record first.

    `exclude_flagged`, `universe` and `instruments` leave rows out, and the answer then says how many for which reason.
    """
    choice = choice_of(exclude_flagged, universe, _names(instruments))
    _refuse_unknown_ending(out)
    known_us = None if as_of is None else parse_utc(as_of)
    with Lake(home.root) as lake:
        chosen = _market(table, market)
        names = _names(symbols)
        span = parse_utc(start), parse_utc(end)
        interval_us = parse_interval(interval) or (_only_interval(lake, venue, chosen) if table == "bars" else None)
        as_of_us = now_us() if known_us is None else known_us
        found = read_chosen(lake, Ask(table, venue, chosen, *span, as_of_us, names, interval_us, snapshot), choice)
        held = lake.snapshot() if snapshot is None else snapshot
    record_read(home, "read", table, venue, chosen, names, *span, known_us)
    write_rows(_known_columns(found.rows), out)
    asked = {} if choice == Choice() else {"left_out": dict(found.left_out)}
    return {"rows": found.rows.num_rows, "snapshot": held, **asked}


def _names(text: str | None) -> tuple[str, ...] | None:
    return None if text is None else tuple(name.strip() for name in text.split(","))


def write_rows(rows: pa.Table, out: Path) -> None:
    """Write a table as its file's ending says, times as UTC time stamps. Refused for an ending that nobody writes."""
    _refuse_unknown_ending(out)
    out.parent.mkdir(parents=True, exist_ok=True)
    _WRITERS[out.suffix](_with_times(rows).combine_chunks(), out)  # the bytes of a file follow the chunks of its table


def _refuse_unknown_ending(out: Path) -> None:
    if out.suffix not in _WRITERS:
        raise Refused(f"expected a file that ends in one of {sorted(_WRITERS)}, got {out.name!r}: change --out")


def parse_interval(text: str | None) -> int | None:
    """Microseconds of a bar length such as 1h; None for None."""
    if text is None:
        return None
    if text not in INTERVALS:
        raise Refused(f"expected an interval among {', '.join(INTERVALS)}, got {text!r}")
    return INTERVALS[text]


def _only_interval(lake: Lake, venue: str, market: Market) -> int:
    found = sorted(
        {row.interval_us or 0 for row in lake.describe() if row.table == "bars" and (row.venue, row.market) == (venue, market)}
    )
    if len(found) != 1:
        names = [name for name, step in INTERVALS.items() if step in found]
        raise Refused(
            f"the lake holds {market} bars of {venue!r} at {', '.join(names) or 'no interval'}: "
            + ("say which with --interval" if found else "ingest some, or correct --venue and --market")
        )
    return found[0]


def _known_columns(table: pa.Table) -> pa.Table:
    """Without the optional columns that no row has a value in."""
    optional = {column for declared in TABLES.values() for column in declared.optional}
    unknown = [name for name in table.column_names if name in optional and table[name].null_count == table.num_rows]
    return table.drop_columns(unknown)


def _with_times(table: pa.Table) -> pa.Table:
    """Integer microseconds as UTC time stamps, which every reader shows as times."""
    for name in _TIMES:
        if name in table.column_names and pa.types.is_integer(table.schema.field(name).type):
            column = table[name].cast(pa.timestamp("us", tz="UTC"))
            table = table.set_column(table.schema.get_field_index(name), name, column)
    return table


_WRITERS = {
    ".parquet": pq.write_table,
    ".csv": pa_csv.write_csv,
    ".arrow": feather.write_feather,
    ".feather": feather.write_feather,
}
