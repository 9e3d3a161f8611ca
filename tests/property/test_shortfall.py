import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from attribution.shortfall import Fill, Order, kissell_parts, shortfall, wagner_parts
from attribution.shortfall_report import COMPONENTS, order_shortfalls, shortfall_report
from measures.undefined import Undefined
from tests.unit.attribution.orders import random_orders

price = st.floats(1.0, 1e5)
share = st.floats(0.0, 1.0)


@given(
    side=st.sampled_from([1, -1]), quantity=st.floats(1e-3, 1e6), decision=price, arrival=price, end=price,
    fills=st.lists(st.tuples(share, price), max_size=5), fees=st.floats(-100.0, 100.0),
)  # fmt: skip
def test_both_splits_add_to_the_shortfall(
    side: int, quantity: float, decision: float, arrival: float, end: float, fills: list[tuple[float, float]], fees: float
) -> None:
    filled = tuple(Fill(quantity * part / 5.0, paid) for part, paid in fills)
    order = Order(side, quantity, decision, filled, fees, arrival_price=arrival, end_price=end)
    scale = quantity * max(decision, arrival, end, *(paid for _, paid in fills), 1.0)
    assert wagner_parts(order).total == pytest.approx(shortfall(order), abs=1e-12 * scale + 1e-9)
    assert kissell_parts(order).total == pytest.approx(shortfall(order), abs=1e-12 * scale + 1e-9)


@settings(deadline=None)
@given(seed=st.integers(0, 2**32 - 1), count=st.integers(1, 50))
def test_parts_of_a_report_add_at_every_level(seed: int, count: int) -> None:
    many = random_orders(seed, count)
    each = order_shortfalls(many)
    perold = (
        many.side * many.filled * (many.fill_price - many.decision_price)
        + many.side * (many.quantity - many.filled) * (many.end_price - many.decision_price)
        + many.fee_usd
    )
    np.testing.assert_allclose(each.total, perold, rtol=0, atol=1e-9 * each.notional_usd.max())
    report = shortfall_report(many)
    assert not isinstance(report, Undefined)
    assert sum(report.component_usd[name] for name in COMPONENTS) == pytest.approx(report.total_usd, abs=1e-6)
    assert sum(report.component_bps.values()) == pytest.approx(report.mean_bps, abs=1e-9)
    assert abs(report.mean_bps) <= report.dispersion_bps * (1 + 1e-12)
    assert report.hour_orders.sum() == count
