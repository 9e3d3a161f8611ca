"""What a pod's constitution asks of whatever holds its positions."""

from dataclasses import dataclass
from typing import Protocol

from pods.rules import Effective


@dataclass(frozen=True)
class Exposure:
    """Positions in sum, int USD cents. All figures are None, with `unknown_since_us`, where they are not known."""

    net_usd_cents: int | None
    gross_usd_cents: int | None
    open_orders: int | None
    pnl_usd_cents: int | None
    unknown_since_us: int | None = None


class Book(Protocol):
    """The positions of a pod: told what is in force, asked what is held."""

    def obey(self, effective: Effective) -> None:
        """Bring orders and positions in line with what is in force; repeating it changes nothing."""

    def exposure(self) -> Exposure:
        """What is held now."""
