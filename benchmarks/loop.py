"""The researcher's loop on 12 symbols x 5 years hourly: `python -m benchmarks.loop`.

A strategy file is changed; how long until its tear sheet lies there, and with a leak test before it? Each command is a process of
its own, as a researcher runs it; the first pass is not counted. Then a batch of at least a minute on one worker and on two.
"""

import json
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import polars as pl

FACTORY = Path(sys.executable).with_name("factory")
EXAMPLE = Path(__file__).resolve().parents[1] / "examples" / "momentum-python"
SYMBOLS, HOURS, START_US, HOUR_US = 12, 5 * 8_760, 1_577_836_800_000_000, 3_600_000_000
TEAR_SHEET_S, WITH_LEAK_TEST_S, SPEED_UP = 10.0, 30.0, 1.6
REPETITIONS = 3
BATCH = "window_bars=" + ",".join(str(window) for window in range(12, 337, 3))


def main() -> int:
    with tempfile.TemporaryDirectory(prefix="bench-loop-") as place:
        home, package = Path(place, "home"), Path(shutil.copytree(EXAMPLE, Path(place, "package")))
        _bars().write_parquet(Path(place, "bars.parquet"))
        _factory(home, "ingest", Path(place, "bars.parquet"), "--table", "bars", "--market", "linear")
        passes = [_pass(home, package, number) for number in range(REPETITIONS + 1)][1:]
        tear_sheet, leak_test = (min(seconds) for seconds in zip(*passes, strict=True))
        print(f"changed file to tear sheet   {tear_sheet:5.1f} s (at most {TEAR_SHEET_S:g})")
        print(f"the same after a leak test   {tear_sheet + leak_test:5.1f} s (at most {WITH_LEAK_TEST_S:g})")
        one, two = (_batch(home, package, workers) for workers in (1, 2))
        same = one[1] == two[1]
        print(f"batch on one worker {one[0]:.1f} s, on two {two[0]:.1f} s: {one[0] / two[0]:.2f}x (at least {SPEED_UP}x)")
        print(f"tables {'identical' if same else 'DIFFER'}")
    held = tear_sheet <= TEAR_SHEET_S and tear_sheet + leak_test <= WITH_LEAK_TEST_S and one[0] / two[0] >= SPEED_UP and same
    return int(not held)


def _pass(home: Path, package: Path, number: int) -> tuple[float, float]:
    """Seconds of the backtest with its tear sheet, and of the leak test, of code that was never seen before."""
    strategy = package / "strategy.py"
    strategy.write_text(strategy.read_text() + f"# change {number}\n")
    leak_test, _ = _factory(home, "leak-test", package)
    tear_sheet, said = _factory(home, "backtest", package)
    assert Path(said["report"]).exists()
    return tear_sheet, leak_test


def _batch(home: Path, package: Path, workers: int) -> tuple[float, bytes]:
    shutil.rmtree(home / "reports" / "sweeps", ignore_errors=True)
    seconds, said = _factory(home, "sweep", package, "--param", BATCH, "--workers", str(workers))
    return seconds, Path(said["table"]).read_bytes()


def _factory(home: Path, *words: object) -> tuple[float, dict[str, str]]:
    started = time.perf_counter()
    done = subprocess.run([FACTORY, *map(str, words), "--home", home, "--json"], check=True, capture_output=True)
    return time.perf_counter() - started, json.loads(done.stdout)


def _bars() -> pl.DataFrame:
    random = np.random.default_rng(1)
    close = 100 * np.exp(np.cumsum(random.normal(0, 0.005, (HOURS, SYMBOLS)), axis=0))
    opens = np.vstack([close[:1], close[:-1]])
    spread = close * np.abs(random.normal(0, 0.002, close.shape))
    columns = {
        "open": opens,
        "high": np.maximum(opens, close) + spread,
        "low": np.minimum(opens, close) - spread,
        "close": close,
        "volume": random.gamma(2.0, 5_000.0, close.shape),
    }
    return pl.DataFrame(
        {
            "symbol": np.tile([f"S{number:02d}USDT" for number in range(SYMBOLS)], HOURS),
            "open_time": np.repeat(START_US + np.arange(HOURS) * HOUR_US, SYMBOLS),
            **{name: values.reshape(-1) for name, values in columns.items()},
        }
    ).with_columns(pl.col("open_time").cast(pl.Datetime("us", "UTC")))


if __name__ == "__main__":
    sys.exit(main())
