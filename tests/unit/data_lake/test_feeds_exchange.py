from collections.abc import Iterator, Mapping
from typing import Any

import ccxt
import pytest

from data_lake.feeds.declaration import Feed
from data_lake.feeds.exchange import _opened
from domain.errors import Refused

FEED: dict[str, Any] = {
    "name": "a-feed", "table": "bars", "venue": "v", "market": "spot", "interval": "1h", "symbols": ["A"],
    "endpoint": "http://127.0.0.1:1/",
}  # fmt: skip


def _leaves(addresses: Any) -> Iterator[str]:
    if isinstance(addresses, Mapping):
        for inner in addresses.values():
            yield from _leaves(inner)
    else:
        yield addresses


@pytest.mark.parametrize("name", ccxt.exchanges)
def test_every_address_of_every_exchange_is_at_the_endpoint(name: str) -> None:
    exchange = _opened(Feed.parse({**FEED, "url": f"ccxt://{name}"}, "test"), {})
    found = list(_leaves(exchange.urls["api"]))
    assert found
    assert {address for address in found if not address.startswith("http://127.0.0.1:1")} == set()
    assert exchange.enableRateLimit


def test_keys_reach_the_exchange_and_an_unknown_exchange_is_refused() -> None:
    known = _opened(Feed.parse({**FEED, "url": "ccxt://binance"}, "test"), {"access_key": "k", "secret_key": "s"})
    assert (known.apiKey, known.secret) == ("k", "s")
    with pytest.raises(Refused, match="ccxt knows no exchange 'mtgox'"):
        _opened(Feed.parse({**FEED, "url": "ccxt://mtgox"}, "test"), {})
