"""What each million rows costs to take in while the lake grows."""

import shutil
from pathlib import Path

import polars as pl

from benchmarks._lake_ingest import write_klines
from benchmarks._lake_market import SAID, Cost, bars, symbol, timed
from data_lake.lake import Lake

SYMBOLS_AT_ONCE, HOURS = 24, 43_800
LINEAR = 1.25
"""At most this much dearer: the last fifth of the deliveries against the first."""


def curve(folder: Path, millions: int, threads: int, picture: Path | None) -> list[str]:
    """CSV klines in deliveries of 1,051,200 rows, 24 symbols x 5 years each, into one lake; prints the sums."""
    frame = bars(SYMBOLS_AT_ONCE, HOURS)
    costs: list[Cost] = []
    total = Cost(0.0, 0.0)
    with Lake(folder / "home", threads=threads) as lake:
        while len(costs) < millions:
            csv = write_klines(folder / "csv", _renamed(frame, len(costs)))
            _, cost = timed(lambda files=csv: lake.ingest([files], "bars", **SAID, source="a"))
            shutil.rmtree(csv)
            costs.append(cost)
            total = Cost(total.wall_s + cost.wall_s, total.cpu_s + cost.cpu_s)
            if len(costs) in (1, 2, 5, 10, 20, 30, 40, 50, 75, 100):
                print(f"  {len(costs) * len(frame):>12,} rows: {total}; the last million {cost}", flush=True)
                if picture is not None:
                    _draw(costs, len(frame), picture)
    fifth = max(1, len(costs) // 5)
    first, last = (sorted(cost.cpu_s for cost in part)[len(part) // 2] for part in (costs[:fifth], costs[-fifth:]))
    print(f"  median CPU of a delivery, last fifth against first: {last:.2f} s / {first:.2f} s = {last / first:.2f}x")
    return ["linear growth"] if last > LINEAR * first else []


def _renamed(frame: pl.DataFrame, number: int) -> pl.DataFrame:
    """Other symbols with other volumes: the same bytes twice would be one raw file."""
    names = {symbol(place): symbol(number * SYMBOLS_AT_ONCE + place) for place in range(SYMBOLS_AT_ONCE)}
    return frame.with_columns(pl.col("symbol").replace(names), volume=(pl.col("volume") + number).round(3))


def _draw(costs: list[Cost], rows: int, picture: Path) -> None:
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt
    import numpy as np

    millions = np.arange(1, len(costs) + 1) * rows / 1e6
    figure, axis = plt.subplots(figsize=(7, 4), layout="constrained")
    axis.plot(millions, np.cumsum([cost.wall_s for cost in costs]), label="wall")
    axis.plot(millions, np.cumsum([cost.cpu_s for cost in costs]), label="all processors")
    axis.set(xlabel="million rows in the lake", ylabel="seconds of ingest, summed", title="CSV klines, a million rows a delivery")
    axis.legend()
    figure.savefig(picture, dpi=100)
