import math

import numpy as np
import pytest
import statsmodels.api as sm

from attribution.shortfall import Fill, Order, wagner_parts
from attribution.shortfall_report import COMPONENTS, ShortfallReport, order_shortfalls, shortfall_report
from domain.errors import Refused
from domain.times import US_PER_DAY, US_PER_HOUR
from measures.undefined import Undefined
from tests.unit.attribution.orders import orders, random_orders


def report(*rows: dict[str, float]) -> ShortfallReport:
    found = shortfall_report(orders(*rows))
    assert isinstance(found, ShortfallReport)
    return found


def test_one_order_by_hand() -> None:
    # Buy 10 at 100, released at 101, 8 filled at 102, ended at 104.
    each = order_shortfalls(
        orders(
            {
                "arrival_price": 101,
                "filled": 8,
                "fill_price": 102,
                "end_price": 104,
                "fee_usd": 1,
                "spread_usd": 2,
                "impact_usd": 3,
            }
        )
    )
    assert {name: float(values[0]) for name, values in each.component.items()} == {
        "delay": 10.0, "spread": 2.0, "impact": 3.0, "timing": 3.0, "opportunity": 6.0, "fees": 1.0,
    }  # fmt: skip
    assert each.trading[0] == 8.0
    assert each.total[0] == 25.0
    assert each.total_bps[0] == 250.0


def test_every_order_agrees_with_the_order_by_order_formula() -> None:
    many = random_orders(1)
    each = order_shortfalls(many)
    for row in range(len(many.quantity)):
        fills = (Fill(float(many.filled[row]), float(many.fill_price[row])),)
        parts = wagner_parts(
            Order(
                int(many.side[row]),
                float(many.quantity[row]),
                float(many.decision_price[row]),
                fills,
                float(many.fee_usd[row]),
                arrival_price=float(many.arrival_price[row]),
                end_price=float(many.end_price[row]),
            )
        )
        got = [each.component["delay"][row], each.trading[row], each.component["opportunity"][row], each.component["fees"][row]]
        assert got == pytest.approx([parts.delay, parts.trade, parts.opportunity, parts.fee], rel=1e-9, abs=1e-6)
        assert each.total[row] == pytest.approx(parts.total, rel=1e-9, abs=1e-6)


def test_means_are_weighted_by_notional_and_signed() -> None:
    found = report(
        {"fill_price": 101.0},  # 1,000 USD at +100 bp
        {"quantity": 30.0, "filled": 30.0, "fill_price": 99.0, "side": 1},  # 3,000 USD at -100 bp
    )
    assert found.mean_bps == pytest.approx(-50.0)
    assert found.dispersion_bps == pytest.approx(100.0)
    assert found.median_bps == pytest.approx(0.0)
    assert found.notional_usd == pytest.approx(4000.0)
    assert sum(found.component_bps.values()) == pytest.approx(found.mean_bps)
    assert sum(found.component_usd.values()) == pytest.approx(found.total_usd)
    assert tuple(found.component_usd) == COMPONENTS


def test_error_is_clustered_by_day() -> None:
    many = random_orders(2)
    found = shortfall_report(many)
    assert isinstance(found, ShortfallReport)
    each = order_shortfalls(many)
    # A weighted regression on a constant is the ratio of sums; its cluster-robust error with factor G / (G - 1).
    weights = each.notional_usd
    groups = many.decided_us // US_PER_DAY
    fit = sm.WLS(each.total / weights, np.ones(len(weights)), weights=weights).fit(
        cov_type="cluster", cov_kwds={"groups": groups, "use_correction": True}
    )
    assert found.mean_bps == pytest.approx(fit.params[0] * 1e4)
    assert found.t_stat == pytest.approx(fit.tvalues[0], rel=1e-9)
    assert found.low_bps is not None
    assert found.high_bps is not None
    assert found.low_bps < found.mean_bps < found.high_bps


def test_copies_on_one_day_add_no_certainty() -> None:
    rows = [{"decided_us": day * US_PER_DAY, "fill_price": 100.0 + 0.1 * day} for day in range(1, 6)]
    assert report(*rows).t_stat == pytest.approx(report(*(rows * 7)).t_stat)


def test_a_single_day_has_no_error() -> None:
    found = report({"fill_price": 101.0}, {"fill_price": 102.0})
    assert (found.t_stat, found.low_bps, found.high_bps) == (None, None, None)


def test_hours_without_orders_are_unknown() -> None:
    found = report({"decided_us": 3 * US_PER_HOUR, "fill_price": 101.0}, {"decided_us": US_PER_DAY + 3 * US_PER_HOUR})
    assert found.hour_bps[3] == pytest.approx(50.0)
    assert np.isnan(np.delete(found.hour_bps, 3)).all()
    assert found.hour_orders.tolist() == [0, 0, 0, 2] + [0] * 20


def test_no_orders_is_undefined() -> None:
    assert shortfall_report(orders()) == Undefined("no orders")


@pytest.mark.parametrize(
    ("row", "says"),
    [
        ({"end_price": math.nan}, "end_price is missing"),
        ({"fee_usd": math.nan}, "fee_usd is missing"),
        ({"decision_price": 0.0}, "decision_price is not above zero"),
        ({"quantity": 0.0, "filled": 0.0}, "quantity is not above zero"),
        ({"filled": 11.0}, "counted twice"),
    ],
)
def test_bad_orders_are_refused(row: dict[str, float], says: str) -> None:
    with pytest.raises(Refused, match=says):
        order_shortfalls(orders({}, row))
