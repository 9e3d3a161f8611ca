"""What stands in for a price is named, never shown as one."""

from domain.times import parse_utc
from reporting.daily import render_daily
from reporting.data import StablecoinPrice
from tests.unit.reporting.made_up_reports import daily_report
from tests.unit.reporting.pages import Page


def test_a_price_says_where_it_comes_from() -> None:
    at_us = parse_utc("2025-01-02T03:00")
    coins = tuple(
        StablecoinPrice(coin=coin, price_usd=0.9987, counts_usd=0.9787, haircut=0.02, basis=basis, series="v spot X", at_us=at)
        for coin, basis, at in (("AAA", "lake", at_us), ("BBB", "stale", at_us), ("CCC", "assumed", None))
    )
    text = " ".join(Page(render_daily(daily_report().model_copy(update={"stablecoins": coins}))).text.split())
    assert "AAA 0.9987 2.00 % 0.9787 v spot X, close of 2025-01-02 03:00Z" in text
    assert "STALE the lower of the assumption and v spot X of 2025-01-02 03:00Z" in text
    assert "ASSUMED the lake holds no v spot X" in text
    assert "Stablecoins in USD" not in Page(render_daily(daily_report())).text
