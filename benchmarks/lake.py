"""The lake against the same work on plain Parquet, in one run: `python -m benchmarks.lake [--symbols 200] [--years 5]`.

Hourly bars of a random walk, 1 % of them revised later. `--minutes`: one-minute bars of 50 symbols x 2 years instead, read within
8 GiB. `--curve`: the cost of ingest from 1 to 50 million rows. Exits non-zero where a required ratio is missed at full size.
"""

import argparse
import sys
import tempfile
from pathlib import Path

import duckdb
import polars as pl

from benchmarks._lake_curve import curve
from benchmarks._lake_ingest import ingest
from benchmarks._lake_market import (
    HOUR,
    NOW_US,
    REVISED_US,
    SAID,
    START_US,
    Cost,
    bars,
    in_turns,
    one_percent_revised,
    symbol,
    timed,
    told,
)
from benchmarks._lake_minutes import minutes
from data_lake.care import compact
from data_lake.lake import Lake
from data_lake.lake_check import listed_files
from domain.times import US_PER_HOUR

REPETITIONS = 7


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--symbols", type=int, default=200)
    options.add_argument("--years", type=int, default=5)
    options.add_argument("--csv-symbols", type=int, default=48)
    options.add_argument("--threads", type=int, default=2)
    options.add_argument("--minutes", action="store_true")
    options.add_argument("--curve", type=int, nargs="?", const=50, metavar="MILLIONS")
    options.add_argument("--picture", type=Path, help="where --curve draws")
    args = options.parse_args()
    with tempfile.TemporaryDirectory(prefix="lake-benchmark-") as name:
        folder = Path(name)
        if args.curve:
            missed = curve(folder, args.curve, args.threads, args.picture)
        elif args.minutes:
            missed = minutes(folder, min(args.symbols, 50), args.threads)
        else:
            hours = args.years * 8_760
            frame = bars(args.symbols, hours)
            print(f"{args.symbols} symbols x {hours:,} hours = {len(frame):,} rows, {args.threads} threads", flush=True)
            missed = reads(folder, frame, hours, args.threads)
            missed += ingest(folder, frame.filter(pl.col("symbol") < symbol(args.csv_symbols)), args.threads)
    print("missed: " + ", ".join(missed) if missed else "all ratios hold")
    return int(bool(missed) and args.symbols >= 200)


def reads(folder: Path, frame: pl.DataFrame, hours: int, threads: int) -> list[str]:
    base = folder / "base"
    base.mkdir()
    for (name,), rows in frame.group_by("symbol", maintain_order=True):
        rows.write_parquet(base / f"{name}.parquet")
    revision = one_percent_revised(frame)
    (folder / "revision").mkdir()
    revision.write_parquet(folder / "revision" / "all.parquet")
    with Lake(folder / "home", threads=threads) as lake:
        _, loading = timed(lambda: lake.ingest([base], "bars", **SAID, source="a"))
        print(f"  loading {len(frame):,} rows from Parquet: {loading}", flush=True)
        _, revising = timed(
            lambda: lake.ingest([folder / "revision"], "bars", **SAID, source="a", known_at=REVISED_US, interval_us=US_PER_HOUR)
        )
        print(f"  revision of {len(revision):,} rows: {revising} (at most 2 s at 88,000 rows)", flush=True)
        missed = ["revision"] if revising.wall_s > 2 else []
        _, compacting = timed(lambda: compact(lake.catalogue))
        print(f"  compaction, with the digest of all rows before and after: {compacting}", flush=True)
        plain = folder / "latest.parquet"
        write_plain(plain, lake)
        first = START_US + hours // 5 * 2 * US_PER_HOUR
        span = {"start_us": first, "end_us": first + hours // 5 * 2 * US_PER_HOUR}
        missed += _all_symbols(lake, plain, span, threads) + _one_symbol(lake, plain, span, threads)
        missed += _bytes(lake, plain, folder)
    return missed


def write_plain(path: Path, lake: Lake) -> None:
    """The latest state as one sorted zstd file, as DuckDB writes it by itself, with the columns of an as-of read."""
    rows = lake.read("bars", **HOUR, start_us=START_US, end_us=NOW_US, as_of_us=NOW_US)
    with duckdb.connect() as session:
        session.register("latest", rows)
        session.execute("COPY latest TO ? (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE 20480)", [str(path)])


def _all_symbols(lake: Lake, plain: Path, span: dict[str, int], threads: int) -> list[str]:
    where = f"open_time >= {span['start_us']} AND open_time < {span['end_us']}"
    sql = f"SELECT * FROM '{plain}' WHERE {where}"
    lazy = pl.scan_parquet(plain).filter(pl.col("open_time").is_between(span["start_us"], span["end_us"], closed="left"))
    with duckdb.connect(config={"threads": threads}) as session:
        calls = {
            "now": lambda: lake.read("bars", **HOUR, **span, as_of_us=NOW_US),
            "before": lambda: lake.read("bars", **HOUR, **span, as_of_us=REVISED_US - 1),
            "rows": lambda: session.execute(sql).to_arrow_table(),
            "relation": lambda: session.sql(sql).to_arrow_table(),
            "polars": lazy.collect,
        }
        mine, scanned = calls["now"](), calls["relation"]()
        assert mine.drop_columns("source").equals(scanned.drop_columns("source"))
        costs = in_turns(calls, REPETITIONS)
    theirs = Cost(min(costs["rows"].wall_s, costs["relation"].wall_s), min(costs["rows"].cpu_s, costs["relation"].cpu_s))
    print(f"  the same scan by Polars: {costs['polars']}")
    return told("as-of read, all symbols, as known today", costs["now"], theirs, 1.15) + told(
        "as-of read, all symbols, as known before the revision", costs["before"], theirs, 1.15
    )


def _one_symbol(lake: Lake, plain: Path, span: dict[str, int], threads: int) -> list[str]:
    where = f"open_time >= {span['start_us']} AND open_time < {span['end_us']} AND symbol = '{symbol(7)}'"
    with duckdb.connect(config={"threads": threads}) as session:
        costs = in_turns(
            {
                "mine": lambda: lake.read("bars", **HOUR, **span, as_of_us=NOW_US, symbols=[symbol(7)]),
                "scan": lambda: session.sql(f"SELECT * FROM '{plain}' WHERE {where}").to_arrow_table(),
            },
            3 * REPETITIONS,
        )
    more_ms = (costs["mine"].wall_s - costs["scan"].wall_s) * 1e3
    print(f"  as-of read, one symbol: {costs['mine']}, scan {costs['scan']}: {more_ms:.0f} ms more (at most 30)", flush=True)
    return ["one symbol"] if more_ms > 30 else []


def _bytes(lake: Lake, plain: Path, folder: Path) -> list[str]:
    polars = folder / "polars.parquet"
    pl.read_parquet(plain).write_parquet(polars, compression="zstd", row_group_size=20_480)
    files = lake.query("SELECT sum(file_size_bytes) FROM ducklake_table_info('lake') WHERE table_name = 'bars_current'", ())
    stored, ratio = int(files[0][0]), int(files[0][0]) / plain.stat().st_size
    by_polars = stored / polars.stat().st_size
    print(
        f"  bytes of the current rows: {stored:,} against {plain.stat().st_size:,}: {ratio:.2f}x (at most 1.1x); "
        f"against Polars' own file {by_polars:.2f}x",
        flush=True,
    )
    whole = sum(file.size_bytes for file in listed_files(lake.catalogue))
    print(f"  bytes of all files of all snapshots, before any is let go: {whole:,}")
    return ["bytes"] if ratio > 1.1 else []


if __name__ == "__main__":
    sys.exit(main())
