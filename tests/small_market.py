"""A small invented market as a vendor would deliver it: hourly bars and funding of four perpetuals, from a seed."""

from pathlib import Path

import numpy as np
import polars as pl

from domain.times import US_PER_HOUR, Cycle, parse_utc

START = "2024-01-01"
SYMBOLS = ("BTCUSDT", "ETHUSDT", "SOLUSDT", "XRPUSDT")
STAMP_HOURS = 8

_PRICE_USD = (40_000.0, 2_500.0, 100.0, 0.6)
_VOLUME_USD_HOUR = (4e8, 2e8, 5e7, 3e7)
_BETA = (1.0, 1.1, 1.3, 0.9)
_OWN_VOLATILITY = (0.0, 0.004, 0.007, 0.006)
_FACTOR_VOLATILITY = 0.005


def cycle_after(days: int) -> Cycle:
    """The cycle that closes so many days of bars."""
    return Cycle.after(parse_utc(START) + (days * 24 - 1) * US_PER_HOUR)


def hourly_bars(days: int, start: str = START, seed: int = 1) -> dict[str, pl.DataFrame]:
    """By symbol. A longer history of a seed begins with the shorter one."""
    bars = {}
    rng = [np.random.default_rng([seed, column]) for column in range(len(SYMBOLS) + 1)]
    factor = _FACTOR_VOLATILITY * rng[-1].standard_normal(days * 24)
    for column, symbol in enumerate(SYMBOLS):
        draws = rng[column].standard_normal((days * 24, 4))
        close = _PRICE_USD[column] * np.exp(np.cumsum(_BETA[column] * factor + _OWN_VOLATILITY[column] * draws[:, 0]))
        opened = np.concatenate([[_PRICE_USD[column]], close[:-1]])
        reach = 1 + 0.002 * np.abs(draws[:, 1:3])
        volume = _VOLUME_USD_HOUR[column] * np.exp(0.3 * draws[:, 3]) / close
        bars[symbol] = pl.DataFrame(
            {
                "symbol": [symbol] * len(close),
                "open_time": parse_utc(start) // 1000 + np.arange(len(close), dtype=np.int64) * 3_600_000,
                "open": opened,
                "high": np.maximum(opened, close) * reach[:, 0],
                "low": np.minimum(opened, close) / reach[:, 1],
                "close": close,
                "volume": volume,
            }
        )
    return bars


def funding_stamps(days: int, start: str = START, seed: int = 1) -> dict[str, pl.DataFrame]:
    """By symbol, every eight hours."""
    stamps = {}
    for column, symbol in enumerate(SYMBOLS):
        rates = 1e-4 + 5e-5 * np.random.default_rng([seed, column, 1]).standard_normal(days * 24 // STAMP_HOURS)
        times = parse_utc(start) // 1000 + np.arange(len(rates), dtype=np.int64) * STAMP_HOURS * 3_600_000
        stamps[symbol] = pl.DataFrame({"symbol": [symbol] * len(rates), "funding_time": times, "funding_rate": rates})
    return stamps


def write_market(folder: Path, days: int, start: str = START, *, funding: bool = True) -> Path:
    """`bars/` and, where asked, `funding/` under the folder: one file a symbol, Parquet but for one CSV."""
    for name, tables in (("bars", hourly_bars(days, start)), ("funding", funding_stamps(days, start) if funding else {})):
        for symbol, table in tables.items():
            (folder / name).mkdir(parents=True, exist_ok=True)
            if symbol == SYMBOLS[-1]:
                table.write_csv(folder / name / f"{symbol}.csv")
            else:
                table.write_parquet(folder / name / f"{symbol}.parquet")
    return folder
