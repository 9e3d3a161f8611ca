"""Pauses between attempts, regions, and what a feed of an own account may leave out."""

from typing import Any

import pytest

from data_lake.feeds import exchange
from data_lake.feeds.account import refuse_powerful_key
from data_lake.feeds.declaration import PAUSE_MAX_S, Budget, Feed
from data_lake.feeds.remote_s3 import S3Files
from domain.errors import Refused, Unreachable


def feed(**changes: Any) -> Feed:
    said = {"name": "own", "url": "ccxt://binance", "table": "fills", "venue": "v", "market": "spot", "symbols": ["A"]}
    return Feed.parse(said | changes, "test")


def test_the_first_attempt_waits_for_nothing_and_each_further_one_twice_as_long() -> None:
    budget = Budget(pause_s=2.0)
    assert [budget.pause_before(attempt) for attempt in range(5)] == [0.0, 2.0, 4.0, 8.0, 16.0]
    assert budget.pause_before(40) == PAUSE_MAX_S


def test_an_exchange_that_fails_is_asked_again_after_the_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    import ccxt

    waited: list[float] = []
    monkeypatch.setattr(exchange.time, "sleep", waited.append)

    def ask() -> None:
        raise ccxt.ExchangeNotAvailable("busy")

    with pytest.raises(Unreachable, match="fetch again later"):
        exchange._answered(feed(budget={"attempts": 3, "pause_s": 0.5}), "A", ask)
    assert waited == [0.0, 0.5, 1.0]


def test_a_region_is_the_declared_one() -> None:
    for region, expected in ((None, "us-east-1"), ("eu-central-1", "eu-central-1")):
        assert S3Files(None, {}, 1.0, region)._files.client_kwargs["region_name"] == expected


def test_only_a_whole_account_needs_no_symbols() -> None:
    assert feed(table="balances", symbols=[]).symbols == ()
    with pytest.raises(Refused, match="needs symbols"):
        feed(symbols=[])
    with pytest.raises(Refused, match="stale_after_hours needs symbols"):
        feed(table="balances", symbols=[], stale_after_hours=1)


class Told:
    """An exchange that tells what a key can do, in its own way."""

    def __init__(self, name: str, answer: Any) -> None:
        self.id, self._answer = name, answer
        self.privateGetAccountConfig = self.privateGetV5UserQueryApi = self.sapiGetAccountApiRestrictions = lambda: self._answer


@pytest.mark.parametrize(
    ("name", "harmless", "harmful"),
    [
        ("binance", {"enableReading": True, "enableWithdrawals": False}, {"enableReading": True, "enableWithdrawals": "true"}),
        ("okx", {"data": [{"perm": "read_only"}]}, {"data": [{"perm": "read_only,withdraw"}]}),
        ("bybit", {"result": {"readOnly": "1"}}, {"result": {"readOnly": 0}}),
        ("kraken", None, None),
    ],
)
def test_what_an_exchange_tells_of_a_key(name: str, harmless: Any, harmful: Any) -> None:
    refuse_powerful_key(feed(), Told(name, harmless))
    if harmful is not None:
        with pytest.raises(Refused, match="only read"):
            refuse_powerful_key(feed(), Told(name, harmful))
