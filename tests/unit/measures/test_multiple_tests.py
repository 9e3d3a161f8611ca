import math

import numpy as np
import pytest

from domain.errors import Refused
from measures.edge_or_execution import Cause, edge_or_execution
from measures.growth import exposure_above_floor, kelly_ever_falls_to, kelly_growth_share, no_trade_band
from measures.multiple_tests import Correction, adjusted, discoveries, haircut_sharpe, two_sided_p
from measures.spreads import corwin_schultz, cost_by_maker_share_bps, roll_spread, spread_parts


def holm_by_hand(p: list[float]) -> list[float]:
    order = sorted(range(len(p)), key=lambda index: p[index])
    result, running = [0.0] * len(p), 0.0
    for step, index in enumerate(order):
        running = max(running, min(1.0, (len(p) - step) * p[index]))
        result[index] = running
    return result


def test_adjusted_keep_the_order_given() -> None:
    p = [0.04, 0.001, 0.6, 0.012]
    assert adjusted(p, Correction.BONFERRONI).tolist() == pytest.approx([0.16, 0.004, 1.0, 0.048])
    assert adjusted(p, Correction.HOLM).tolist() == pytest.approx(holm_by_hand(p))
    assert adjusted(p, Correction.SIDAK)[0] == pytest.approx(1 - 0.96**4)
    harmonic = 1 + 1 / 2 + 1 / 3 + 1 / 4
    assert adjusted(p, Correction.BHY)[1] == pytest.approx(harmonic * adjusted(p, Correction.BH)[1])


def test_discoveries_count_the_level_itself() -> None:
    assert discoveries([0.025, 0.9], Correction.BONFERRONI) == 1
    assert discoveries([0.0251, 0.9], Correction.BONFERRONI) == 0
    assert two_sided_p([-1.959963984540054, 0.0]).tolist() == pytest.approx([0.05, 1.0])


@pytest.mark.parametrize("p", [[-0.1], [1.1], [math.nan], []])
def test_what_is_no_p_value_is_refused(p: list[float]) -> None:
    with pytest.raises(Refused):
        adjusted(p, Correction.HOLM)


def test_one_trial_and_no_autocorrelation_cost_nothing() -> None:
    found = haircut_sharpe(1.2, 60, 1, 0.0)
    assert found is not None
    assert found.bonferroni.sharpe_annual == pytest.approx(1.2)
    assert found.sidak.share_lost == pytest.approx(0.0, abs=1e-9)


def test_a_hopeless_one_of_many_loses_all() -> None:
    found = haircut_sharpe(0.3, 24, 1000, 0.0)
    assert found is not None
    assert found.bonferroni.p == 1.0
    assert found.bonferroni.sharpe_annual == pytest.approx(0.0, abs=1e-12)
    assert found.bonferroni.share_lost == pytest.approx(1.0)


def test_sidak_keeps_the_digits_of_tiny_p_values() -> None:
    found = haircut_sharpe(4.0, 240, 50, 0.0)
    assert found is not None
    assert found.p < 1e-20
    assert found.sidak.p == pytest.approx(50 * found.p, rel=1e-9)


def test_haircut_is_undefined_beyond_its_model() -> None:
    assert haircut_sharpe(1.0, 1, 1, 0.0) is None
    assert haircut_sharpe(1.0, 60, 10, 1.0) is None
    negative = haircut_sharpe(-0.5, 60, 10, 0.0)
    assert negative is not None
    assert math.isnan(negative.bonferroni.share_lost)


@pytest.mark.parametrize(
    ("edge", "cost", "cause"),
    [(-1.0, 1.0, Cause.EDGE), (1.0, 3.0, Cause.EXECUTION), (-1.0, 3.0, Cause.BOTH), (1.0, 1.0, Cause.NOISE)],
)
def test_cause_of_a_gap(edge: float, cost: float, cause: Cause) -> None:
    found = edge_or_execution(100, edge_expected=1, edge_sd=5, edge_live=edge, cost_expected=1, cost_sd=5, cost_live=cost)
    assert found is not None
    assert found.cause is cause
    assert found.gap == pytest.approx((edge - cost) - (1 - 1))


def test_no_days_or_no_spread_give_no_cause() -> None:
    rest = {"edge_expected": 1.0, "edge_live": 1.0, "cost_expected": 1.0, "cost_live": 1.0}
    assert edge_or_execution(0, edge_sd=1, cost_sd=1, **rest) is None
    assert edge_or_execution(5, edge_sd=0, cost_sd=1, **rest) is None


def test_growth_by_hand() -> None:
    assert [kelly_growth_share(k) for k in (0.5, 1.0, 2.0)] == [0.75, 1.0, 0.0]
    assert kelly_ever_falls_to(0.5, 0.5) == pytest.approx(0.125)
    assert kelly_ever_falls_to(2.0, 0.5) is None
    assert exposure_above_floor(0.1, 0.2, 0.8, 0.7, 1.0) == 0.0
    assert no_trade_band(0.04, 5, 0.04, 0.005) == pytest.approx((0.175, 0.225))


def test_spreads_by_hand() -> None:
    sold = spread_parts(-1, 100.0, 99.95, 99.98)
    assert (sold.effective_bps, sold.realised_bps, sold.impact_bps) == pytest.approx((10.0, 6.0, 4.0))
    assert roll_spread([1.0, 2.0, 3.0, 4.0, 5.0]) is None
    assert roll_spread([10.0, 11.0, 10.0, 11.0, 10.0], demean=False) == pytest.approx(2.0)
    assert roll_spread([1.0, 2.0]) is None
    costs = {"spread_bps": 1.0, "taker_fee_bps": 5.0, "maker_fee_bps": 2.0, "adverse_selection_bps": 0.8}
    assert cost_by_maker_share_bps(0.5, **costs) == pytest.approx(0.5 * 5.5 + 0.5 * 2.3)


def test_high_low_spread_of_a_bounce_alone() -> None:
    """A still price that trades at bid and ask in both bars: the range is the spread."""
    bid, ask = 99.5, 100.5
    found = corwin_schultz((ask, ask), (bid, bid))
    assert found.spread == pytest.approx((ask - bid) / 100.0, rel=1e-4)
    assert np.isfinite(corwin_schultz((101.0, 105.0), (100.0, 104.0)).spread)
    assert corwin_schultz((101.0, 105.0), (100.0, 104.0)).spread < 0
