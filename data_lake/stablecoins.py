"""Prices of stablecoins in USD from the lake, or a stated assumption: `config/stablecoins.yaml`."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import Field

from domain.market import Market
from domain.model import Frozen
from domain.times import US_PER_HOUR
from durable.declarations import load

if TYPE_CHECKING:
    from data_lake.lake import Lake

DECLARED = Path(__file__).parents[1] / "config" / "stablecoins.yaml"


class Stablecoin(Frozen):
    """Which series of bars prices the coin in USD, what is assumed without it, and the haircut."""

    venue: str
    market: Market
    symbol: str
    assumed_usd: float = Field(gt=0)
    haircut: float = Field(ge=0, lt=1)


class Stablecoins(Frozen):
    stale_after_hours: float = Field(gt=0)
    stablecoins: Mapping[str, Stablecoin]


class Basis(StrEnum):
    """Where a price comes from."""

    LAKE = "lake"
    ASSUMED = "assumed"
    STALE = "stale"
    """The lower of the last known price and the assumed one: an old price is no reason for a better one."""


@dataclass(frozen=True)
class CoinPrice:
    """A coin's price in USD at a moment; `at_us`: the close that it rests on, None where there is none."""

    coin: str
    price_usd: float
    haircut: float
    basis: Basis
    at_us: int | None
    series: str


def load_stablecoins(path: Path = DECLARED) -> Stablecoins:
    """The declared coins; Refused where the file is absent, is no YAML, or does not fit."""
    return load(path, Stablecoins)


def coin_prices(
    lake: "Lake", declared: Stablecoins, moment_us: int, as_of_us: int, snapshot: int | None = None
) -> tuple[CoinPrice, ...]:
    """Every declared coin's price at `moment_us`, as known at `as_of_us`, by name."""
    return tuple(_price(lake, declared, coin, moment_us, as_of_us, snapshot) for coin in sorted(declared.stablecoins))


def coins_of(symbols: Sequence[str], declared: Stablecoins) -> Iterator[str]:
    """The declared coins in which any of the symbols is quoted, as its name ends."""
    return (coin for coin in sorted(declared.stablecoins) if any(symbol.endswith(coin) for symbol in symbols))


def _price(lake: "Lake", declared: Stablecoins, coin: str, moment_us: int, as_of_us: int, snapshot: int | None) -> CoinPrice:
    said = declared.stablecoins[coin]
    series = f"{said.venue} {said.market} {said.symbol}"
    newest = _newest_close(lake, said, moment_us, as_of_us, snapshot)
    if newest is None:
        return CoinPrice(coin, said.assumed_usd, said.haircut, Basis.ASSUMED, None, series)
    close, closed_us = newest
    if moment_us - closed_us > declared.stale_after_hours * US_PER_HOUR:
        return CoinPrice(coin, min(close, said.assumed_usd), said.haircut, Basis.STALE, closed_us, series)
    return CoinPrice(coin, close, said.haircut, Basis.LAKE, closed_us, series)


def _newest_close(
    lake: "Lake", said: Stablecoin, moment_us: int, as_of_us: int, snapshot: int | None
) -> tuple[float, int] | None:
    """The last close by the moment over all lengths of bars, and when it was."""
    held = {
        row.interval_us
        for row in lake.describe(as_of_us)
        if (row.table, row.venue, row.market, row.symbol) == ("bars", said.venue, said.market, said.symbol)
    }
    newest = None
    for interval_us in sorted(step for step in held if step is not None):
        rows = lake.read(
            "bars", venue=said.venue, market=said.market, symbols=[said.symbol], interval_us=interval_us, start_us=-(2**62),
            end_us=moment_us - interval_us + 1, as_of_us=as_of_us, snapshot=snapshot,
        )  # fmt: skip
        if rows.num_rows:
            closed_us = int(rows["open_time"][-1].as_py()) + interval_us
            if newest is None or closed_us > newest[1]:
                newest = float(rows["close"][-1].as_py()), closed_us
    return newest
