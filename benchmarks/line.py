"""Whole runs of the daily line, process start to report. Run: `python -m benchmarks.line [FOLDER_OF_MARKET_DATA]`.

The first run of each source ingests into an empty home. Peak memory is that of the largest process.
"""

import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

FACTORY = Path(sys.executable).with_name("factory")
MARKET = Path(__file__).resolve().parents[1].parent / "shared" / "market"


def main(market: Path) -> int:
    sources: dict[str, tuple[list[str], int]] = {"laboratory": ([], 45)}
    if market.exists():
        sources["perpetuals with funding"] = (["--data", str(market / "bars_1h_perp"), "--data", str(market / "funding")], 75)
        sources["spot bars_1h"] = (["--data", str(market / "bars_1h")], 60)
    missed = 0
    for name, (arguments, limit_s) in sources.items():
        with tempfile.TemporaryDirectory(prefix="bench-line-") as home:
            started = time.perf_counter()
            done = subprocess.run(
                [FACTORY, "run", "--json", "--home", home, *arguments],
                check=True,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
            )
            seconds = time.perf_counter() - started
        by_step = json.loads(done.stdout)["seconds"]
        peak_gib = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 2**20
        slowest = sorted(((value, step) for step, value in by_step.items() if step not in ("total", "dagster")), reverse=True)[:4]
        print(
            f"{name:<26}{seconds:6.1f} s of {limit_s} allowed, Dagster {by_step['dagster']:.1f} s, peak so far {peak_gib:.2f} GiB"
        )
        print("  slowest: " + ", ".join(f"{step} {value:.1f} s" for value, step in slowest))
        missed += seconds > limit_s
    return int(missed > 0)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]) if len(sys.argv) > 1 else MARKET))
