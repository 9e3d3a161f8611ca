"""A stablecoin has a price and a haircut: from the lake where it is known and fresh, else as stated, and never silently."""

from pathlib import Path
from typing import Any

import pytest

from data_lake.lake import Lake
from data_lake.stablecoins import Basis, CoinPrice, Stablecoins, coin_prices, coins_of, load_stablecoins
from domain.errors import Refused
from domain.market import Market
from domain.times import US_PER_HOUR
from measures.numeraire import careful_value_usd
from tests.unit.data_lake.bars import NOW_US, START_US, bar_frame, set_value, write

DECLARED = Stablecoins.parse(
    {
        "stale_after_hours": 3,
        "stablecoins": {"USDT": {"venue": "v", "market": "spot", "symbol": "USDTUSD", "assumed_usd": 1.0, "haircut": 0.02}},
    },
    "test",
)


def price(lake: Lake, hour: float, known: float | None = None, **more: Any) -> CoinPrice:
    moment_us = START_US + int(hour * US_PER_HOUR)
    as_of_us = moment_us if known is None else START_US + int(known * US_PER_HOUR)
    (found,) = coin_prices(lake, DECLARED, moment_us, as_of_us, **more)
    return found


@pytest.fixture
def priced(lake: Lake, tmp_path: Path) -> Lake:
    """Hours 0 to 9; the close of hour 9 is 0.97, of the others 1.002."""
    flat = dict.fromkeys(("open", "high", "low", "close"), 1.002)
    frame = bar_frame("USDTUSD", range(10))
    for row in range(10):
        frame = set_value(frame, row, **(flat if row < 9 else {**flat, "low": 0.97, "close": 0.97}))
    lake.ingest([write(tmp_path, "USDTUSD.csv", frame)], "bars", venue="v", market=Market.SPOT, received_us=NOW_US, source="s")
    return lake


def test_the_newest_close_that_was_known_is_the_price(priced: Lake) -> None:
    found = price(priced, 9, known=9.5)
    assert (found.price_usd, found.basis, found.at_us) == (1.002, Basis.LAKE, START_US + 9 * US_PER_HOUR)
    assert price(priced, 10, known=11).price_usd == 0.97
    assert price(priced, 10, known=10).price_usd == 1.002  # its last bar is published a minute later
    assert price(priced, 9.99, known=11).price_usd == 1.002  # and had not closed


def test_without_a_fresh_price_the_assumption_is_stated(priced: Lake) -> None:
    none = price(priced, 0.5)
    assert (none.price_usd, none.basis, none.at_us, none.series) == (1.0, Basis.ASSUMED, None, "v spot USDTUSD")
    assert price(priced, 9, known=9.5, snapshot=None).basis is Basis.LAKE
    assert (price(priced, 13, known=14).price_usd, price(priced, 13, known=14).basis) == (0.97, Basis.LAKE)
    stale = price(priced, 13.01, known=14)
    assert (stale.price_usd, stale.basis, stale.at_us) == (0.97, Basis.STALE, START_US + 10 * US_PER_HOUR)


def test_an_old_price_above_the_assumed_one_is_not_kept(priced: Lake) -> None:
    assert price(priced, 14, known=9.5).price_usd == 1.0


@pytest.mark.parametrize(
    ("amount", "price_usd", "worth"),
    [
        (100, 1.0, 98.0),
        (100, 1.05, 98.0),
        (100, 0.5, 49.0),
        (-100, 1.0, -102.0),
        (-100, 1.05, -107.1),
        (-100, 0.5, -102.0),
        (0, 1, 0),
    ],
)
def test_a_balance_is_cut_and_a_debt_raised(amount: float, price_usd: float, worth: float) -> None:
    assert careful_value_usd(amount, price_usd, 0.02) == pytest.approx(worth)


def test_what_cannot_be_valued_is_refused() -> None:
    for price_usd, haircut in ((0.0, 0.1), (float("nan"), 0.1), (1.0, 1.0), (1.0, -0.1)):
        with pytest.raises(Refused):
            careful_value_usd(1.0, price_usd, haircut)


def test_the_declared_coins_are_those_that_symbols_are_quoted_in() -> None:
    declared = load_stablecoins()
    assert list(coins_of(["BTCUSDT", "ETHUSDC", "SIMA"], declared)) == ["USDC", "USDT"]
    assert all(0 < coin.haircut < 0.2 for coin in declared.stablecoins.values())
