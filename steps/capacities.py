"""Capacity of every pod, at the end of the impact coefficient's band that counts."""

from dataclasses import replace

import numpy as np

from allocation.capacity import Capacity, Liquidity, capacity
from domain.record import PodRecord
from steps.desk import load_desk
from steps.market_risk import load_impact, load_liquidity, trading_symbols
from steps.run import Run


def capacity_of(run: Run, record: PodRecord) -> tuple[Capacity, float | None]:
    """Capacity at the upper end of the coefficient, which counts, and USD at the lower end, which is shown."""
    desk, impact = load_desk(run.source.simulated), load_impact(run)
    still, liquidity = still_trading(run, record)
    careful = capacity(still, liquidity, desk.capacity, impact.high)
    return careful, capacity(still, liquidity, desk.capacity, impact.low).usd


def still_trading(run: Run, record: PodRecord) -> tuple[PodRecord, Liquidity]:
    """The record on the symbols that can still be traded, and what is known of their volume and volatility."""
    still = on_symbols(record, trading_symbols(run))
    return still, load_liquidity(run, still.symbols)


def on_symbols(record: PodRecord, symbols: frozenset[str]) -> PodRecord:
    """The record with the per-symbol columns of these symbols only; returns and orders stay as they were."""
    kept = np.array([symbol in symbols for symbol in record.symbols], dtype=np.bool_)
    return replace(
        record,
        symbols=tuple(symbol for symbol in record.symbols if symbol in symbols),
        position_mean_abs_usd=record.position_mean_abs_usd[kept],
        position_last_usd=record.position_last_usd[kept],
        traded_usd=record.traded_usd[kept],
    )
