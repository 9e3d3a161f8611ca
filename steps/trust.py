"""The keys of a home and its log."""

from ledger.keys import ALLOCATOR, HALTER, LOG, SigningKey, load_or_create
from ledger.log import Log
from steps.home import Home


def allocator_key(home: Home) -> SigningKey:
    """Signs allocations and the volatility forecast; made on first use."""
    return load_or_create(home.keys, ALLOCATOR)


def halt_key(home: Home) -> SigningKey:
    """Signs halts; whoever holds it may stop any pod."""
    return load_or_create(home.keys, HALTER)


def open_log(home: Home) -> Log:
    """The append-only record of trials, verdicts and allocations."""
    return Log(home.ledger, load_or_create(home.keys, LOG))
