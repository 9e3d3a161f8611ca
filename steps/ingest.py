"""From files to the lake: the laboratory's deliveries, or folders of real bars and funding."""

import datetime as dt
import tempfile
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

from data_lake.columns import to_lake_columns
from data_lake.formats import read_table
from data_lake.ingest import IngestReport
from data_lake.lake import Lake
from data_lake.recognise import recognise
from data_lake.schema import BARS
from domain.errors import Refused
from domain.market import Market
from domain.times import Cycle, UtcUs, from_datetime
from laboratory.deliveries import Delivery, deliveries
from steps.artefacts import save_json
from steps.run import Run, StepResult
from steps.simulation import simulated_market


def ingest(run: Run) -> StepResult:
    """Take every delivery of the run's source into the lake: content-addressed, idempotent, nothing dropped.

    Bad rows and files go to quarantine with a reason. A second run of the same source changes nothing.
    """
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


def _take_laboratory(run: Run) -> Iterator[tuple[str, IngestReport]]:
    market = simulated_market(run.cycle)
    with tempfile.TemporaryDirectory(prefix="laboratory-") as folder, Lake(run.home.root) as lake:
        for delivery in deliveries(market):
            files = write_files(delivery, Path(folder) / delivery.name)
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


def _take_folders(run: Run) -> Iterator[tuple[str, IngestReport]]:
    found = recognise(run.source.folders)
    if not found.bars:
        raise Refused(
            f"expected bars in {', '.join(str(folder) for folder in run.source.folders)}: no file there is a table of bars; "
            "give --data a folder with Parquet or CSV files of open_time, open, high, low, close, volume"
        )
    with Lake(run.home.root) as lake:
        for table, files in (("bars", found.bars), ("funding", found.funding)):
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
    """The first cycle that has all the bars of these folders: the day after the last one."""
    latest = [last_us for file in recognise(folders).bars if (last_us := _last_open_time(file)) is not None]
    if not latest:
        raise Refused(
            f"expected bars in {', '.join(str(folder) for folder in folders)}: found none that can be read; correct --data"
        )
    return Cycle.after(max(latest))


def _last_open_time(file: Path) -> int | None:
    """Of the last bar in a file; None where it cannot be read: ingest will say why."""
    try:
        frame = to_lake_columns(BARS, read_table(file.read_bytes(), file.name))
    except Refused:
        return None
    last = frame[BARS.time].max()
    return int(last) if isinstance(last, int) else None


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
