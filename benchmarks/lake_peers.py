"""The lake against Feast's point-in-time join and ArcticDB's versions: `python -m benchmarks.lake_peers --python PYTHON`.

Neither is in the lock. PYTHON is an interpreter that has them (`python -m venv PEERS; PEERS/bin/pip install feast arcticdb`); a
peer that it lacks is skipped, and said to be. The question: the bars of two of five years as known before 1 % of all was revised.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow.compute as pc

from benchmarks._lake_market import HOUR, REVISED_US, SAID, START_US, bars, in_turns, one_percent_revised
from benchmarks._lake_peer import ABSENT
from data_lake.lake import Lake
from domain.times import US_PER_HOUR, US_PER_MINUTE

PEER = Path(__file__).with_name("_lake_peer.py")
LACKS = {
    "feast": "a stated snapshot and an order; each bar must be asked for by its key, so that nothing unknown is found",
    "arcticdb": "knowledge times of rows: a version is a whole symbol as somebody wrote it, found by its number or writing time",
}


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--python", default=sys.executable, help="an interpreter that has feast and arcticdb")
    options.add_argument("--symbols", type=int, default=20)
    options.add_argument("--hours", type=int, default=43_800)
    options.add_argument("--repetitions", type=int, default=3)
    args = options.parse_args()
    missed = []
    with tempfile.TemporaryDirectory(prefix="peers-") as name:
        folder = Path(name)
        question = _written(folder, args.symbols, args.hours)
        mine, rows, closes = _lake(folder, question, args.repetitions)
        print(f"the lake: {rows:,} rows in {mine:.3f} s")
        for peer, lacks in LACKS.items():
            answer = _asked(args.python, peer, folder, args.repetitions)
            if answer is None:
                print(f"SKIPPED {peer}: {args.python} cannot import it; see the head of benchmarks/lake_peers.py")
                continue
            assert answer["rows"] == rows, f"{peer} answers with {answer['rows']} rows, the lake with {rows}"
            assert abs(answer["closes"] - closes) < 1e-6 * closes, f"{peer} answers otherwise"
            print(
                f"{peer}: the same rows in {answer['seconds']:.3f} s, {answer['seconds'] / mine:.1f}x the lake; it lacks {lacks}"
            )
            missed += [peer] if peer == "feast" and answer["seconds"] < mine else []
    return int(bool(missed))


def _written(folder: Path, symbols: int, hours: int) -> dict[str, int]:
    """The same facts for everybody: first versions known a minute after the close, revised ones much later."""
    frame = bars(symbols, hours)
    revision = one_percent_revised(frame)
    first = frame.with_columns(knowledge_time=pl.col("open_time") + US_PER_HOUR + US_PER_MINUTE)
    pl.concat([first, revision.with_columns(knowledge_time=pl.lit(REVISED_US))]).write_parquet(folder / "history.parquet")
    frame.write_parquet(folder / "first.parquet")
    frame.update(revision.select("symbol", "open_time", "close"), on=["symbol", "open_time"]).write_parquet(
        folder / "latest.parquet"
    )
    revision.write_parquet(folder / "revision.parquet")
    start_us = START_US + hours // 5 * 2 * US_PER_HOUR
    question = {"start_us": start_us, "end_us": start_us + hours // 5 * 2 * US_PER_HOUR, "as_of_us": REVISED_US - 1}
    (folder / "question.json").write_text(json.dumps(question))
    return question


def _lake(folder: Path, question: dict[str, int], repetitions: int) -> tuple[float, int, float]:
    with Lake(folder / "home", threads=2) as lake:
        lake.ingest([folder / "first.parquet"], "bars", **SAID, source="a")
        lake.ingest([folder / "revision.parquet"], "bars", **SAID, source="a", known_at=REVISED_US, interval_us=US_PER_HOUR)
        cost = in_turns({"lake": lambda: lake.read("bars", **HOUR, **question)}, repetitions)["lake"]
        answer = lake.read("bars", **HOUR, **question)
    return cost.wall_s, answer.num_rows, float(pc.sum(answer["close"]).as_py())


def _asked(python: str, peer: str, folder: Path, repetitions: int) -> dict[str, Any] | None:
    run = subprocess.run([python, str(PEER), peer, str(folder), str(repetitions)], check=False, capture_output=True, text=True)
    if run.returncode == ABSENT:
        return None
    if run.returncode:
        raise RuntimeError(f"{peer} failed: {run.stderr[-2000:]}")
    answer: dict[str, Any] = json.loads(run.stdout.strip().splitlines()[-1])
    return answer


if __name__ == "__main__":
    sys.exit(main())
