"""Small files of bars and funding, as vendors write them."""

from collections.abc import Sequence
from pathlib import Path

import polars as pl
import pytest

from domain.times import US_PER_HOUR, parse_utc

START_US = parse_utc("2024-01-01")
NOW_US = parse_utc("2024-06-01")
REAL = Path(__file__).parents[4] / "shared" / "market"

needs_market = pytest.mark.skipif(not REAL.exists(), reason=f"no market data in {REAL}")


def bar_frame(symbol: str = "AAAUSDT", hours: Sequence[int] = range(24), price: float = 100.0) -> pl.DataFrame:
    """Hourly bars whose close is price + hour; volume is 10 + hour."""
    hour = pl.Series("hour", list(hours), dtype=pl.Int64)
    close = price + hour
    return pl.DataFrame(
        {
            "symbol": [symbol] * len(hour),
            "open_time": (START_US + hour * US_PER_HOUR) // 1000,
            "open": close - 0.5,
            "high": close + 1.0,
            "low": close - 1.0,
            "close": close,
            "volume": 10.0 + hour,
        }
    )


def write(folder: Path, name: str, frame: pl.DataFrame) -> Path:
    """A CSV or Parquet file by its ending."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    if name.endswith(".csv"):
        frame.write_csv(path)
    else:
        frame.write_parquet(path)
    return path


def set_value(frame: pl.DataFrame, row: int, **values: object) -> pl.DataFrame:
    """The frame with these values in one row."""
    here = pl.int_range(pl.len()) == row
    return frame.with_columns(
        pl.when(here).then(pl.lit(value)).otherwise(pl.col(name)).alias(name) for name, value in values.items()
    )
