"""What each drawdown was made of: beta, alpha, costs, missing data, halts."""

from dataclasses import dataclass

import numpy as np

from domain.arrays import FloatArray
from domain.errors import Refused
from domain.record import PodRecord
from measures.drawdown import equity

COSTS = ("fees", "spread", "impact", "borrow")
PARTS = ("beta", "alpha", "cost", "data", "halt")


@dataclass(frozen=True)
class DrawdownSplit:
    """One fall from a peak of wealth to the lowest point before that peak is reached again."""

    from_us: int
    """The first day of the fall."""
    to_us: int
    """The day of the lowest wealth."""
    depth: float
    """Positive fraction of the peak, compounded."""
    part: dict[str, float]
    """Sums of daily returns by cause; they add to the sum of the daily returns of the fall."""

    @property
    def cause(self) -> str:
        """The part that took most."""
        return min(PARTS, key=lambda name: self.part[name])


def split_drawdowns(record: PodRecord, beta_pnl: FloatArray, most: int = 3) -> tuple[DrawdownSplit, ...]:
    """The deepest falls of a record, deepest first, each split by cause.

    beta_pnl: (D,) what betas known beforehand explain of each day (`beta_split.split_pnl`, summed over benchmarks). Cost is
    fees, spread, impact and borrow. Halt is what liquidations cost and what positions made while the whole market was missing,
    data what they made over bars that one symbol lacks; both from the record's account. Alpha is the rest, funding among it.
    Raises Refused where beta_pnl has other days than the record.
    """
    days = len(record.day_us)
    if len(beta_pnl) != days:
        raise Refused(f"{record.pod}: expected the beta PnL of {days} days, got {len(beta_pnl)}")
    none, account = np.zeros(days), record.account
    daily = {
        "beta": np.asarray(beta_pnl, dtype=np.float64),
        "cost": np.sum([record.component[name] for name in COSTS], axis=0),
        "data": none if account is None else account.data_gap,
        "halt": record.component["liquidation"] + (none if account is None else account.halt_gap),
    }
    daily["alpha"] = record.net_return - np.sum(list(daily.values()), axis=0)
    falls = sorted(_falls(record.net_return), key=lambda fall: (-fall[2], fall[0]))[:most]
    return tuple(
        DrawdownSplit(
            from_us=int(record.day_us[first]),
            to_us=int(record.day_us[low]),
            depth=depth,
            part={name: float(daily[name][first : low + 1].sum()) for name in PARTS},
        )
        for first, low, depth in falls
    )


def _falls(returns: FloatArray) -> list[tuple[int, int, float]]:
    """First day, lowest day and depth of every stretch under water."""
    wealth = np.concatenate([[1.0], equity(returns)])
    peak = np.maximum.accumulate(wealth)
    under = wealth < peak
    edges = np.flatnonzero(np.diff(np.concatenate([[False], under, [False]]).astype(np.int8)))
    found = []
    for start, end in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
        low = start + int(np.argmin(wealth[start:end]))
        found.append((start - 1, low - 1, float(1.0 - wealth[low] / peak[low])))
    return found
