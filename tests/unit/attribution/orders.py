"""Orders for tests, field by field with plain defaults."""

import numpy as np

from domain.record import Orders
from domain.times import US_PER_DAY

DEFAULTS = {
    "decided_us": 0,
    "symbol": 0,
    "side": 1,
    "quantity": 10.0,
    "filled": 10.0,
    "decision_price": 100.0,
    "arrival_price": 100.0,
    "fill_price": 100.0,
    "end_price": 100.0,
    "fee_usd": 0.0,
    "spread_usd": 0.0,
    "impact_usd": 0.0,
    "maker_quantity": 0.0,
}
WHOLE = {"decided_us", "symbol", "side"}


def orders(*rows: dict[str, float]) -> Orders:
    """One order for each row; what a row does not name takes the default."""
    columns = {
        name: np.array([row.get(name, value) for row in rows], dtype=np.int64 if name in WHOLE else np.float64)
        for name, value in DEFAULTS.items()
    }
    return Orders(**columns)


def random_orders(seed: int, count: int = 300) -> Orders:
    generator = np.random.default_rng(seed)
    quantity = generator.uniform(1, 100, count)
    share = np.where(generator.random(count) < 0.2, 0.0, generator.uniform(0.3, 1.0, count))
    decision = generator.uniform(10, 1000, count)
    arrival = decision * (1 + generator.normal(0, 0.004, count))
    fill = np.where(share > 0, arrival * (1 + generator.normal(0, 0.002, count)), arrival)
    return Orders(
        decided_us=generator.integers(0, 40 * US_PER_DAY, count),
        symbol=generator.integers(0, 5, count),
        side=generator.choice([-1, 1], count),
        quantity=quantity,
        filled=quantity * share,
        decision_price=decision,
        arrival_price=arrival,
        fill_price=fill,
        end_price=arrival * (1 + generator.normal(0, 0.01, count)),
        fee_usd=quantity * share * fill * 5e-4,
        spread_usd=quantity * share * fill * generator.normal(1e-4, 1e-4, count),
        impact_usd=quantity * share * fill * 2e-4,
        maker_quantity=quantity * share * generator.random(count),
    )
