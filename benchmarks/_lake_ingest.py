"""CSV klines into the lake, against Polars reading the same files and writing one sorted Parquet file."""

import shutil
from pathlib import Path

import polars as pl

from benchmarks._lake_market import HOUR, NOW_US, SAID, START_US, Cost, least, timed, told
from data_lake.checks import check
from data_lake.expectations import validate_batch
from data_lake.lake import Lake
from data_lake.raw import RawStore
from domain.market import Market
from domain.times import US_PER_HOUR

TURNS = 4


def ingest(folder: Path, frame: pl.DataFrame, threads: int) -> list[str]:
    """Full ingest counts everything: raw store, hashing, quarantine rules, versions, catalogue, and Great Expectations after it.

    The smaller figure leaves out what the raw store costs by itself: hashing, and a durable second copy of every byte.
    """
    csv = write_klines(folder / "csv", frame)
    megabytes = sum(path.stat().st_size for path in csv.iterdir()) / 1e6
    print(f"  CSV klines, {len(frame):,} rows in {len(list(csv.iterdir()))} files of {megabytes:,.0f} MB:", flush=True)
    turns: dict[str, list[Cost]] = {name: [] for name in ("polars", "ingest", "raw", "expectations", "checks")}
    for turn in range(TURNS):
        home = folder / f"csv-{turn}"
        turns["polars"].append(timed(lambda: by_polars(csv, folder / "polars.parquet"))[1])
        turns["raw"].append(timed(lambda to=home / "raw-alone": _keep(csv, to))[1])
        with Lake(home, threads=threads) as lake:
            turns["ingest"].append(timed(lambda opened=lake: opened.ingest([csv], "bars", **SAID, source="a"))[1])
            rows = lake.read("bars", **HOUR, start_us=START_US, end_us=NOW_US, as_of_us=NOW_US)
            if turn == 0:
                validate_batch("bars", rows.slice(0, 1000), home / "docs", "import")  # the library's import takes seconds
            turns["expectations"].append(timed(lambda: validate_batch("bars", rows, home / "docs", "batch"))[1])  # noqa: B023
            place = ("v", Market.SPOT, US_PER_HOUR, START_US, NOW_US, NOW_US)
            turns["checks"].append(timed(lambda opened=lake, where=place: check(opened, *where))[1])
        shutil.rmtree(home)
    cost = {name: least(seen) for name, seen in turns.items()}
    print(f"  of it: raw store {cost['raw']}; after it: expectations {cost['expectations']}, table checks {cost['checks']}")
    bare = Cost(cost["ingest"].wall_s - cost["raw"].wall_s, cost["ingest"].cpu_s - cost["raw"].cpu_s)
    full = Cost(cost["ingest"].wall_s + cost["expectations"].wall_s, cost["ingest"].cpu_s + cost["expectations"].cpu_s)
    missed = told("ingest without hashing and raw store", bare, cost["polars"], 2.0)
    told("ingest with hashing and raw store", cost["ingest"], cost["polars"], 5.0)
    missed += told("ingest with everything and expectations", full, cost["polars"], 5.0)
    checked = Cost(full.wall_s + cost["checks"].wall_s, full.cpu_s + cost["checks"].cpu_s)
    told("the same with all checks of the table", checked, cost["polars"], 5.0)
    return missed


def write_klines(folder: Path, frame: pl.DataFrame) -> Path:
    folder.mkdir()
    for (name,), rows in frame.group_by("symbol", maintain_order=True):
        rows.drop("symbol").with_columns(pl.col("open_time") // 1000).write_csv(folder / f"{name}.csv")
    return folder


def by_polars(folder: Path, out: Path) -> None:
    frames = [pl.read_csv(path).with_columns(symbol=pl.lit(path.stem)) for path in sorted(folder.iterdir())]
    pl.concat(frames).sort("symbol", "open_time").write_parquet(out, compression="zstd", row_group_size=20_480)


def _keep(folder: Path, home: Path) -> None:
    """Both passes of SHA-256 and the durable copy, as ingest makes them."""
    raw = RawStore(home)
    for path in sorted(folder.iterdir()):
        raw.get(raw.put(path.read_bytes(), path.name, NOW_US).checksum)
