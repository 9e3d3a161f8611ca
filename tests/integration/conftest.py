"""What the tests of feeds share."""

from pathlib import Path

import pytest

from data_lake.lake import Lake
from domain.market import Market
from steps.home import Home
from tests.integration.feed_world import NOW_US, SYMBOLS, digest, klines, publish


@pytest.fixture
def archives(tmp_path: Path) -> Path:
    for symbol in SYMBOLS:
        publish(tmp_path / "vendor", symbol, klines(symbol))
    return tmp_path / "vendor"


@pytest.fixture
def expected(tmp_path: Path) -> str:
    """The digest of the same bars delivered by hand, as one plain table."""
    names = "symbol,open_time,open,high,low,close,volume,quote_volume,trades,taker_buy_volume,taker_buy_quote_volume"
    lines = [names]
    for symbol in SYMBOLS:
        lines += [",".join([symbol, *(str(row[place]) for place in (0, 1, 2, 3, 4, 5, 7, 8, 9, 10))]) for row in klines(symbol)]
    path = tmp_path / "by-hand.csv"
    path.write_text("\n".join(lines) + "\n")
    home = Home(tmp_path / "by-hand")
    with Lake(home.root, threads=1) as lake:
        lake.ingest([path], "bars", venue="binance", market=Market.SPOT, received_us=NOW_US, source="by hand")
    return digest(home)
