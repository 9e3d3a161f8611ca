"""The paper book: positions of play money that always want more than they are given, so that limits are seen to bind."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from domain.documents import Limits
from pods.book import Exposure
from pods.rules import Effective
from pods.verbs import Positions

GREEDY: Mapping[str, int] = {"BTCUSDT": 3_000_000_000_00, "ETHUSDT": -1_000_000_000_00}
"""Target positions in USD cents, beyond any limit that is ever given."""

_BPS = 10_000


@dataclass(frozen=True)
class PaperPositions:
    """Signed positions by symbol at their marks, and the profit since the start; int USD cents."""

    held: Mapping[str, int] = field(default_factory=dict)
    pnl: int = 0
    high_water: int = 0
    """Highest profit so far."""


def within(limits: Limits, wanted: Mapping[str, int]) -> dict[str, int]:
    """The wanted positions cut to the largest position, then scaled together to the largest gross; rounded to zero."""
    cap = limits.max_position_usd_cents
    cut = {symbol: max(-cap, min(cap, target)) for symbol, target in wanted.items()}
    gross = sum(map(abs, cut.values()))
    if gross <= limits.max_gross_usd_cents:
        return cut
    return {symbol: _scaled(target, limits.max_gross_usd_cents, gross) for symbol, target in cut.items()}


def marked(positions: PaperPositions, returns_bps: Mapping[str, int]) -> PaperPositions:
    """Positions and profit after prices moved; a symbol without a return stays at its last mark."""
    gains = {symbol: _scaled(value, returns_bps.get(symbol, 0), _BPS) for symbol, value in positions.held.items()}
    pnl = positions.pnl + sum(gains.values())
    held = {symbol: value + gains[symbol] for symbol, value in positions.held.items()}
    return PaperPositions(held, pnl, max(positions.high_water, pnl))


def traded(positions: PaperPositions, wanted: Mapping[str, int], effective: Effective) -> PaperPositions:
    """Positions after the orders that what is in force allows, filled at their marks.

    At a loss of `max_loss_usd_cents` from the high-water mark they are closed, and stay so: a flat book earns nothing back.
    """
    limits = effective.limits
    if effective.positions is Positions.HOLD:
        return positions
    stopped = positions.high_water - positions.pnl >= limits.max_loss_usd_cents
    match effective.positions:
        case Positions.WITHIN_LIMITS:
            target = {} if stopped else within(limits, wanted)
        case Positions.SHRINK:
            target = {} if stopped else within(limits, positions.held)
        case _:
            # Paper has no market to disturb: every way of closing is done in one step.
            target = {}
    return replace(positions, held={symbol: value for symbol, value in sorted(target.items()) if value})


class PaperBook:
    """A book of play money, which starts flat and known to be flat.

    It lives with its process: no venue holds anything of it, so flat after a restart is the truth and no guess.
    """

    def __init__(self, wanted: Mapping[str, int] = GREEDY) -> None:
        """`wanted`: target positions by symbol, signed int USD cents."""
        self._wanted = dict(wanted)
        self._positions = PaperPositions()

    def obey(self, effective: Effective) -> None:
        """Trade towards what is wanted, as far as what is in force allows."""
        self._positions = traded(self._positions, self._wanted, effective)

    def mark(self, returns_bps: Mapping[str, int]) -> None:
        """Let prices move by simple returns."""
        self._positions = marked(self._positions, returns_bps)

    def exposure(self) -> Exposure:
        """Always known. Orders fill at once, so none is ever open."""
        held = self._positions.held.values()
        return Exposure(sum(held), sum(map(abs, held)), 0, self._positions.pnl)


def _scaled(value: int, numerator: int, denominator: int) -> int:
    """value * numerator / denominator, rounded towards zero."""
    product = value * numerator
    return product // denominator if product >= 0 else -(-product // denominator)
