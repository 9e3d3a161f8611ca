"""What is declared of instruments in `config/instruments.yaml`."""

from collections.abc import Mapping
from pathlib import Path

from domain.instruments import TradingRules
from domain.market import Market
from domain.model import Frozen
from durable.declarations import load

DECLARED = Path(__file__).parents[1] / "config" / "instruments.yaml"


class VenueInstruments(Frozen):
    """One venue's peculiarities."""

    scaled_contracts: Mapping[str, str] = {}
    """Symbols with no USD-margined perpetual of their own name, and the contract on many coins that there is instead."""
    rules: Mapping[Market, TradingRules] = {}
    """Lots, ticks and margin by market."""


class Instruments(Frozen):
    """By venue."""

    venues: Mapping[str, VenueInstruments] = {}

    def without_perpetual(self, venue: str) -> Mapping[str, str]:
        """Symbols that a `linear` file of this venue cannot truly speak of, and the contract that exists instead."""
        known = self.venues.get(venue)
        return known.scaled_contracts if known else {}

    def trading_rules(self, venue: str, market: Market) -> TradingRules | None:
        """What is stated of lots and margin there; None where nothing is."""
        known = self.venues.get(venue)
        return known.rules.get(market) if known else None


def load_instruments(path: Path = DECLARED) -> Instruments:
    """The declared instruments; Refused where the file is absent, is no YAML, or holds an unknown key."""
    return load(path, Instruments)
