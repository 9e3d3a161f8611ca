import copy
from typing import Any

import numpy as np
import pytest
import yaml

from backtest.costs import CostModel, trailing_adv_usd
from domain.errors import Refused
from domain.market import Market
from tests.unit.backtest.markets import COSTS_FILE, costs, panel_of


def stated() -> dict[str, Any]:
    return copy.deepcopy(yaml.safe_load(COSTS_FILE.read_text()))


def test_the_file_of_the_repository_is_read_and_nobody_lends_on_spot() -> None:
    model = costs()
    assert model.of(Market.SPOT).borrow_rate_annual is None
    assert model.of(Market.LINEAR).taker_fee_bps >= model.of(Market.LINEAR).maker_fee_bps


def test_half_spread_by_symbol_and_default_as_fractions() -> None:
    model = CostModel.parse(stated() | {"half_spread_bps": {"default": 4.0, "by_symbol": {"A": 1.0}}}, "test")
    assert model.half_spread(("B", "A")).tolist() == [0.0004, 0.0001]


def test_average_impact_is_two_thirds_of_the_peak() -> None:
    """Case S06-02: Y = 1, sigma 2 %, Q/V = 1 %: 13.333333 bp."""
    model = CostModel.parse(stated() | {"impact": {"y": 1.0, "maker_share": 0.5}}, "test")
    assert 1e4 * model.impact.coefficient * 0.02 * np.sqrt(0.01) == pytest.approx(13.333333, abs=1e-6)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"bypass": True}, "costs.yaml: unknown key 'bypass'"),
        ({"half_spread_bps": {"default": 1.0, "by_symbol": {"A": -1.0}}}, r"negative one for \['A'\]"),
        ({"impact": {"y": -1.0, "maker_share": 0.5}}, "impact.y"),
        ({"funding": {"band_low_quantile": 0.9, "band_high_quantile": 0.1}}, "funding.band_low_quantile"),
    ],
)
def test_a_bad_file_is_refused_with_its_field(change: dict[str, object], sentence: str) -> None:
    with pytest.raises(Refused, match=sentence):
        CostModel.parse(stated() | change, "costs.yaml")


def test_a_market_without_costs_is_refused() -> None:
    with pytest.raises(Refused, match="expected costs for the inverse market"):
        costs().of(Market.INVERSE)


def test_adv_is_the_mean_daily_volume_so_far_within_the_window() -> None:
    closes = np.full((8, 1), 10.0)
    closes[5] = np.nan
    panel = panel_of(closes, interval_hours=12)
    panel.volume[:, 0] = [1, 2, 3, 4, 5, np.nan, 7, 8]
    got = trailing_adv_usd(panel, days=2)[:, 0]
    # Two bars a day, four in the window; the bar that is not there is neither volume nor time.
    assert np.isnan(got[0])
    assert got[1:] == pytest.approx([30, 40, 50, 70, 80, 2 * 160 / 3, 2 * 200 / 3])
