"""52 million one-minute rows: an as-of read against a scan of the same, each in a process of its own whose memory is measured."""

import json
import subprocess
import sys
from pathlib import Path

import duckdb

from benchmarks._lake_market import (
    NOW_US,
    REVISED_US,
    SAID,
    START_US,
    Cost,
    bars_by_symbol,
    least,
    one_percent_revised,
    timed,
    told,
)
from data_lake.care import compact
from data_lake.lake import Lake
from domain.market import Market
from domain.times import US_PER_MINUTE

MINUTES = 2 * 365 * 24 * 60
MINUTE = {"venue": "v", "market": Market.SPOT, "interval_us": US_PER_MINUTE}
MEMORY_MAX_GIB = 8.0
TURNS = 3


def minutes(folder: Path, symbols: int, threads: int) -> list[str]:
    """Two years of minutes, 1 % revised a symbol at a time, then compacted as a lake is kept."""
    home, plain = folder / "home", folder / "latest.parquet"
    _fill(folder, home, symbols, threads)
    return compared(home, plain, threads)


def compared(home: Path, plain: Path, threads: int) -> list[str]:
    """The whole lake read as of now, against a scan of the same rows in one file."""
    turns: dict[str, list[dict[str, float]]] = {"lake": [], "scan": []}
    for _ in range(TURNS):
        for what, place in (("lake", home), ("scan", plain)):
            turns[what].append(_measured(what, place, threads))
    costs = {what: least([Cost(turn["wall_s"], turn["cpu_s"]) for turn in seen]) for what, seen in turns.items()}
    memory = {what: min(turn["peak_gib"] for turn in seen) for what, seen in turns.items()}
    missed = told(f"as-of read of {turns['lake'][0]['rows']:,.0f} rows", costs["lake"], costs["scan"], 1.2)
    print(f"  peak memory: {memory['lake']:.2f} GiB, the scan {memory['scan']:.2f} GiB (at most {MEMORY_MAX_GIB})")
    return missed + (["memory"] if memory["lake"] > MEMORY_MAX_GIB else [])


def _fill(folder: Path, home: Path, symbols: int, threads: int) -> None:
    delivered, parts = folder / "minutes.parquet", folder / "parts"
    parts.mkdir()
    with Lake(home, threads=threads) as lake:
        for name, rows in bars_by_symbol(symbols, MINUTES, US_PER_MINUTE):
            rows.write_parquet(delivered)
            _, cost = timed(lambda: lake.ingest([delivered], "bars", **SAID, source="a"))
            revision = one_percent_revised(rows)
            revision.write_parquet(delivered)
            lake.ingest([delivered], "bars", **SAID, source="a", known_at=REVISED_US, interval_us=US_PER_MINUTE)
            print(f"  {name}: {len(rows):,} rows taken in: {cost}", flush=True)
            rows = lake.read("bars", **MINUTE, symbols=[name], start_us=START_US, end_us=NOW_US, as_of_us=NOW_US)
            with duckdb.connect() as session:
                session.register("latest", rows)
                session.execute(f"COPY latest TO '{parts / name}.parquet' (FORMAT parquet, COMPRESSION zstd)")
        _, cost = timed(lambda: compact(lake.catalogue))
        print(f"  compaction: {cost}", flush=True)
    with duckdb.connect(config={"threads": threads}) as session:
        session.execute(
            f"COPY (FROM '{parts}/*.parquet') TO '{folder / 'latest.parquet'}' "
            "(FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE 20480)"
        )


def _measured(what: str, place: Path, threads: int) -> dict[str, float]:
    command = [sys.executable, "-m", "benchmarks._lake_minutes", what, str(place), str(threads)]
    told_ = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    answer: dict[str, float] = json.loads(told_)
    return answer


def _alone(what: str, place: str, threads: int) -> None:
    if what == "lake":
        with Lake(Path(place), threads=threads) as lake:
            lake.read("bars", **MINUTE, start_us=START_US, end_us=START_US + US_PER_MINUTE, as_of_us=NOW_US)  # imports
            rows, cost = timed(lambda: lake.read("bars", **MINUTE, start_us=START_US, end_us=NOW_US, as_of_us=NOW_US))
    else:
        with duckdb.connect(config={"threads": threads}) as session:
            session.sql(f"SELECT * FROM '{place}' LIMIT 1").to_arrow_table()
            rows, cost = timed(lambda: session.sql(f"SELECT * FROM '{place}'").to_arrow_table())
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    peak_gib = int(status["VmHWM"].split()[0]) / 2**20  # what getrusage tells is at least what the parent held
    print(json.dumps({"rows": rows.num_rows, "wall_s": cost.wall_s, "cpu_s": cost.cpu_s, "peak_gib": peak_gib}))


if __name__ == "__main__":
    _alone(sys.argv[1], sys.argv[2], int(sys.argv[3]))
