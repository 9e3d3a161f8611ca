"""An own account by read-only keys: fills, balances and transfers as an exchange tells them over REST."""

from collections.abc import Mapping, Sequence
from typing import Any

from data_lake.feeds.declaration import Feed
from domain.errors import Refused
from domain.market import Market
from domain.times import US_PER_DAY

ACCOUNT_TABLES = frozenset({"fills", "balances", "transfers"})
TRANSFER_WINDOW_MS = 80 * US_PER_DAY // 1_000
"""Exchanges answer for at most 90 days at once."""
FILL_WINDOW_MS = US_PER_DAY // 1_000
"""And for a day of fills: nothing in it is no end."""

_BINANCE_POWERS = {
    "enableSpotAndMarginTrading": "trade", "enableFutures": "trade futures", "enableMargin": "borrow",
    "enableVanillaOptions": "trade options", "enableWithdrawals": "withdraw", "enableInternalTransfer": "transfer",
    "permitsUniversalTransfer": "transfer",
}  # fmt: skip


def refuse_powerful_key(feed: Feed, exchange: Any) -> None:
    """Refused where the exchange tells that the key can do more than read. Other exchanges than these do not tell."""
    ask = {"binance": _binance_powers, "okx": _okx_powers, "bybit": _bybit_powers}.get(exchange.id)
    powers = [] if ask is None else ask(exchange)
    if powers:
        raise Refused(
            f"feed {feed.name}: its key can {', '.join(sorted(set(powers)))}: make one that can only read, and revoke this one"
        )


def _binance_powers(exchange: Any) -> list[str]:
    told: Mapping[str, Any] = exchange.sapiGetAccountApiRestrictions()
    return [power for name, power in _BINANCE_POWERS.items() if str(told.get(name, "")).lower() == "true"]


def _okx_powers(exchange: Any) -> list[str]:
    (account, *_) = exchange.privateGetAccountConfig()["data"]
    return [power for power in str(account["perm"]).split(",") if power and power != "read_only"]


def _bybit_powers(exchange: Any) -> list[str]:
    told = exchange.privateGetV5UserQueryApi()["result"]
    return [] if str(told["readOnly"]) == "1" else ["trade or transfer"]


def fill_rows(feed: Feed, fills: Sequence[Mapping[str, Any]]) -> list[list[Any]]:
    """In the order of the format `ccxt_fills`."""
    rows = []
    for fill in fills:
        fee = fill.get("fee") or {}
        row = [fill["timestamp"], fill["id"], fill["side"], fill["price"], fill["amount"], fill.get("order")]
        rows.append([*row, fill.get("takerOrMaker"), fee.get("cost"), fee.get("currency"), feed.account])
    return rows


def balance_rows(feed: Feed, exchange: Any, now_ms: int) -> list[list[Any]]:
    """What the account holds, in the order of `ccxt_balances`: every asset that is not nil, and every declared one that is told.

    An asset that the exchange does not mention has no row: missing is not zero.
    """
    told = exchange.fetch_balance(_account_type(feed.market))
    at_ms = int(told.get("timestamp") or now_ms)
    totals: Mapping[str, Any] = told.get("total") or {}
    wanted = [asset for asset, total in sorted(totals.items()) if total is not None and (total or asset in feed.symbols)]
    return [[at_ms, asset, totals[asset], told["free"].get(asset), told["used"].get(asset), feed.account] for asset in wanted]


def _account_type(market: Market) -> dict[str, str]:
    return {"type": "spot"} if market is Market.SPOT else {"type": "swap", "subType": market.value}


def transfer_rows(feed: Feed, exchange: Any, since_ms: int, until_ms: int) -> list[list[Any]]:
    """Finished deposits and withdrawals with since <= time < until, in the order of `ccxt_transfers`."""
    limit, rows = feed.budget.page_rows, []
    for direction, call in (("in", exchange.fetch_deposits), ("out", exchange.fetch_withdrawals)):
        found = call(None, since_ms, limit, {"until": until_ms - 1})
        if len(found) >= limit:
            raise Refused(f"{feed.url}: {limit} transfers and more within one question: raise page_rows in the feed's budget")
        for item in found:
            if item.get("status") == "ok" and since_ms <= item["timestamp"] < until_ms:
                fee = item.get("fee") or {}
                row = [item["timestamp"], item["id"], item["currency"], item["amount"], direction]
                rows.append([*row, fee.get("cost"), item.get("address"), feed.account])
    return rows
