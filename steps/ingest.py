"""From files to the lake: the laboratory's deliveries, or folders of real bars and funding."""

import datetime as dt
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path

import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

from data_lake.columns import to_lake_columns
from data_lake.formats import read_table
from data_lake.ingest import IngestReport
from data_lake.lake import Lake
from data_lake.recognise import Recognition, recognise
from data_lake.schema import BARS
from domain.errors import Refused
from domain.market import Market
from domain.times import Cycle, UtcUs, from_datetime
from durable.files import drop_unfinished
from laboratory.deliveries import Delivery, deliveries
from steps.artefacts import save_json
from steps.home import Home
from steps.run import Run, StepResult
from steps.simulation import simulated_market


def ingest(run: Run) -> StepResult:
    """Take every delivery of the run's source into the lake: content-addressed, idempotent, nothing dropped.

    Bad rows and files go to quarantine with a reason. A second run of the same source changes nothing.
    """
    for folder in (run.home.data(run.cycle), run.home.allocations):
        drop_unfinished(folder)
    if run.source.from_lake:
        return _nothing_by_hand(run)
    reports = list(_take_laboratory(run) if run.source.simulated else _take_folders(run))
    save_json(run, "ingest", [_as_json(name, report) for name, report in reports])
    counts = {
        name: sum(getattr(report, name) for _, report in reports) for name in ("accepted", "unchanged", "revised", "quarantined")
    }
    return StepResult(
        headline=f"{counts['accepted']:,} rows new, {counts['revised']:,} revised, {counts['unchanged']:,} known, "
        f"{counts['quarantined']:,} in quarantine",
        facts={**counts, "snapshot": max(report.snapshot for _, report in reports)},
        table=tuple(
            {
                "delivery": name,
                "accepted": report.accepted,
                "revised": report.revised,
                "unchanged": report.unchanged,
                "quarantined": report.quarantined,
            }
            for name, report in reports
        ),
    )


def _nothing_by_hand(run: Run) -> StepResult:
    save_json(run, "ingest", [])
    with Lake(run.home.root) as lake:
        snapshot = lake.snapshot()
    return StepResult(headline=f"nothing by hand: what the lake holds at snapshot {snapshot}", facts={"snapshot": snapshot})


def _take_laboratory(run: Run) -> Iterator[tuple[str, IngestReport]]:
    market = simulated_market(run.cycle)
    with _arrivals(run.home) as folder, Lake(run.home.root) as lake:
        for delivery in deliveries(market):
            files = write_files(delivery, folder / delivery.name)
            yield (
                delivery.name,
                lake.ingest(
                    files,
                    delivery.table,
                    venue=market.panel.venue,
                    market=market.panel.market,
                    known_at=delivery.known_at if delivery.known_at == "published" else UtcUs(delivery.known_at),
                    received_us=now_us(),
                    source=f"laboratory-{delivery.name}",
                ),
            )


@contextmanager
def _arrivals(home: Home) -> Iterator[Path]:
    """A folder for files on their way in. The run holds the home: what lies there is from one that was killed."""
    folder = home.root / "arrivals"
    shutil.rmtree(folder, ignore_errors=True)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _take_folders(run: Run) -> Iterator[tuple[str, IngestReport]]:
    found = recognise(run.source.folders)
    bars = _bar_files(found)
    if not bars:
        raise Refused(
            f"expected bars in {', '.join(str(folder) for folder in run.source.folders)}: no file there is a table of bars; "
            "give --data a folder with Parquet or CSV files of open_time, open, high, low, close, volume"
        )
    with Lake(run.home.root) as lake:
        for table, files in (("bars", bars), ("funding", found.funding)):
            if not files:
                continue
            yield (
                table,
                lake.ingest(
                    files, table, venue=run.source.venue, market=run.source.market,
                    known_at="published", received_us=now_us(), source=f"{run.source.venue}-files",
                ),
            )  # fmt: skip


def write_files(delivery: Delivery, folder: Path) -> tuple[Path, ...]:
    """Write the files of a simulated delivery as its vendor would."""
    folder.mkdir(parents=True, exist_ok=True)
    return tuple(_write(table, folder / name) for name, table in delivery.files.items())


def _write(table: pa.Table, path: Path) -> Path:
    if path.suffix == ".csv":
        pa_csv.write_csv(table, path)
    else:
        pq.write_table(table, path)
    return path


def market_of(folders: tuple[Path, ...], stated: str | None) -> Market:
    """The market of a run on folders: as stated, otherwise as its files tell."""
    return recognised_market(folders) if stated is None else parse_market(stated)


@lru_cache(maxsize=4)
def recognised_market(folders: tuple[Path, ...]) -> Market:
    """Looked up once in a process, which is one run."""
    return recognise(folders).market


def parse_market(text: str) -> Market:
    try:
        return Market(text)
    except ValueError:
        raise Refused(f"expected a market among {[market.value for market in Market]}, got {text!r}") from None


def last_cycle(folders: tuple[Path, ...]) -> Cycle:
    """The first cycle that has all the bars of these folders: the day after the last one, or today's where that is to come."""
    latest, refusals = [], []
    for file in _bar_files(recognise(folders)):
        try:
            latest.append(_last_open_time(file))
        except Refused as refusal:
            refusals.append(f"{file.name}: {refusal}")
    if not latest:
        why = "; ".join(refusals) or "no file is a table of bars"
        raise Refused(f"expected bars in {', '.join(str(folder) for folder in folders)}, found none ({why}): correct --data")
    return min(Cycle.after(max(latest)), Cycle(dt.datetime.now(dt.UTC).date()))


def last_cycle_in_lake(home: Home, venue: str, market: Market) -> Cycle:
    """The first cycle that has all the bars of the lake, or today's where that is to come. Refused where it holds none."""
    with Lake(home.root) as lake:
        held = [row.last_us for row in lake.describe() if (row.table, row.venue, row.market) == ("bars", venue, market)]
    if not held:
        raise Refused(f"the lake holds no {market} bars of {venue!r}: fetch a feed that brings them (`factory feeds` lists them)")
    return min(Cycle.after(max(held)), Cycle(dt.datetime.now(dt.UTC).date()))


def _bar_files(found: Recognition) -> tuple[Path, ...]:
    """The tables of bars, and what is neither bars nor funding: ingest puts those into quarantine with the reason."""
    return (*found.bars, *found.unknown)


def _last_open_time(file: Path) -> int:
    """Of the last bar in a file. Raises Refused where it cannot be read as bars."""
    last = to_lake_columns(BARS, read_table(file.read_bytes(), file.name))[BARS.time].max()
    if not isinstance(last, int):
        raise Refused("the time column has no value")
    return last


def now_us() -> UtcUs:
    """The clock of the outside world: when a delivery was received."""
    return from_datetime(dt.datetime.now(dt.UTC))


def _as_json(name: str, report: IngestReport) -> dict[str, object]:
    return {
        "delivery": name,
        "accepted": report.accepted,
        "unchanged": report.unchanged,
        "revised": report.revised,
        "quarantined": report.quarantined,
        "findings": report.findings,
        "reasons": [list(item) for item in report.reasons],
    }
