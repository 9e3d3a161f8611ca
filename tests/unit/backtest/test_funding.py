from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from backtest.costs import FundingRule
from backtest.funding import assume, charge_assumed, constant_long_by_year, fill_missing
from backtest.stated import stated_record
from domain.arrays import FloatArray
from domain.errors import Refused
from domain.market import Market, Panel
from domain.times import parse_utc
from tests.unit.backtest.markets import panel_of, random_closes

NAN = float("nan")
RULE = FundingRule(assumed_annual=0.3, band_low_quantile=0.1, band_high_quantile=0.9)
BTC_FUNDING = Path(__file__).resolve().parents[3].parent / "shared" / "market" / "funding" / "BTCUSDT.parquet"


def with_funding(rates: FloatArray, market: Market = Market.LINEAR) -> Panel:
    return replace(panel_of(random_closes(len(rates), rates.shape[1], seed=1), market=market), funding_rate=rates)


def test_a_year_of_funding_is_the_sum_of_its_rates() -> None:
    times = np.array([parse_utc(text) for text in ("2023-12-31T16:00", "2024-01-01", "2024-01-01T08:00")])
    assert constant_long_by_year(times, np.array([0.01, 0.02, -0.005])) == {2023: 0.01, 2024: pytest.approx(0.015)}


def test_a_missing_rate_is_refused_not_summed_as_zero() -> None:
    with pytest.raises(Refused, match="got 1 that are not numbers"):
        constant_long_by_year(np.array([0, 1]), np.array([0.01, NAN]))


@pytest.mark.skipif(not BTC_FUNDING.exists(), reason="the shared market data is not beside this repository")
def test_what_bitcoin_longs_really_paid() -> None:
    """METHODS, section 16: 30.6, 4.2, 7.9 and 12.0 per cent of notional in 2021 to 2024."""
    import pyarrow.parquet as pq

    table = pq.read_table(BTC_FUNDING)
    times = table["funding_time"].cast("int64").to_numpy()
    years = constant_long_by_year(times, table["funding_rate"].to_numpy().astype(np.float64))
    assert [round(100 * years[year], 1) for year in (2021, 2022, 2023, 2024)] == [30.6, 4.2, 7.9, 12.0]


def test_a_missing_rate_is_charged_at_the_median_of_the_bar() -> None:
    rates = np.array([[0.01, 0.02, 0.06, NAN], [0.01, NAN, NAN, NAN]])
    filled = fill_missing(with_funding(rates), RULE)
    assert filled is not None
    assert filled.panel.funding_rate == pytest.approx(np.array([[0.01, 0.02, 0.06, 0.02], [0.01, 0.01, 0.01, 0.01]]))
    assert filled.known_share == pytest.approx(0.5)


def test_a_bar_that_no_symbol_covers_is_charged_at_the_mean_median() -> None:
    filled = fill_missing(with_funding(np.array([[0.01, 0.03], [NAN, NAN], [0.04, 0.04]])), RULE)
    assert filled is not None
    assert filled.panel.funding_rate[1] == pytest.approx([0.03, 0.03])


def test_the_band_spans_symbols_and_months_of_what_is_known() -> None:
    rates = np.full((60, 3), NAN)
    rates[:30, 0], rates[30:, 0], rates[:30, 1] = 0.001, 0.002, 0.003  # daily bars: times 365 a year
    filled = fill_missing(with_funding(rates), FundingRule(assumed_annual=0.3, band_low_quantile=0.0, band_high_quantile=1.0))
    assert filled is not None
    assert filled.band_annual == pytest.approx((0.365, 1.095))


def test_where_a_symbol_has_no_price_nothing_is_missing() -> None:
    panel = with_funding(np.array([[0.01, 0.01], [0.01, NAN]]))
    panel.close[1, 1] = NAN
    filled = fill_missing(panel, RULE)
    assert filled is not None
    assert filled.known_share == 1.0
    assert filled.band_annual is None
    assert np.isnan(filled.panel.funding_rate[1, 1])


def test_no_funding_at_all_is_not_zero_funding() -> None:
    assert fill_missing(with_funding(np.full((5, 2), NAN)), RULE) is None


def test_where_no_funding_is_known_every_position_pays_the_assumed_rate_and_none_earns_it() -> None:
    filled = assume(with_funding(np.full((5, 2), NAN)), RULE)
    assert (filled.known_share, filled.band_annual, filled.assumed_annual) == (0.0, None, 0.3)
    assert not filled.panel.funding_rate.any()

    record = stated_record(filled.panel, np.array([0.01, -0.02, 0.03]), pod="short", capital_usd=100.0)
    held = replace(record, gross_exposure=np.array([0.0, 1.0, 2.0]), net_exposure=np.array([0.0, -1.0, 0.0]))
    charged = charge_assumed(held, 0.365)
    assert charged.component["funding"] == pytest.approx([0.0, -0.001, -0.002])
    assert charged.net_return == pytest.approx([0.01, -0.021, 0.028])
    assert sum(charged.component.values()) == pytest.approx(charged.net_return)
    assert held.component["funding"] == pytest.approx([0.0, 0.0, 0.0])


def test_spot_has_no_funding_by_nature() -> None:
    filled = fill_missing(with_funding(np.full((5, 2), NAN), market=Market.SPOT), RULE)
    assert filled is not None
    assert not filled.panel.funding_rate.any()
    assert filled.known_share == 1.0
