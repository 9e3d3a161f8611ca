"""The account's own figures: which rules apply, whether it ties, how far it is from liquidation."""

from dataclasses import replace

import numpy as np
import pytest

from backtest.costs import CostModel
from backtest.kernel_data import LIQUIDATION
from backtest.margin import distance_to_liquidation, kernel_rules, leverage_limit, require_ties, residual_usd
from backtest.run import run_backtest, simulate_panel
from backtest.sizing import Targets
from domain.errors import Refused
from domain.instruments import Bracket, Lot, Margin, TradingRules, maintenance_usd, schedule_arrays
from domain.market import Market, Panel
from domain.pod import ExecutionProfile
from domain.times import iso
from tests.unit.backtest.markets import costs, panel_of

CAPITAL = 100_000.0
TAKER = ExecutionProfile(taker_share=1.0, participation_max=1.0)
TWO = (
    Bracket(notional_from_usd=0, maintenance_rate=0.01, leverage_max=20),
    Bracket(notional_from_usd=50_000, maintenance_rate=0.05, leverage_max=10),
)


def rules(*, leverage: float = 8.0, lots: dict[str, Lot] | None = None) -> TradingRules:
    margin = Margin(account_leverage_max=leverage, liquidation_fee_bps=100, brackets={"default": TWO})
    return TradingRules(as_of="2024-01-01", lots=lots or {}, margin=margin)


def market(closes: list[float], *, low: float | None = None, at: int = 0) -> Panel:
    """One symbol in hours from 2024-01-01; `low` is what bar `at` fell to before it closed."""
    panel = panel_of(np.array(closes)[:, None], interval_hours=1, volume=1e9)
    if low is None:
        return panel
    lows = panel.low.copy()
    lows[at, 0] = low
    return replace(panel, low=lows)


def held(panel: Panel, weight: float, start: int = 30) -> Targets:
    """Nothing, and from bar `start` on always this weight of the capital in units of its close."""
    wanted = np.full(panel.close.shape, np.nan)
    wanted[start] = weight
    return Targets(wanted, np.zeros_like(wanted), np.ones(len(wanted), dtype=np.bool_))


def volatility(panel: Panel) -> np.ndarray:
    return np.full(panel.close.shape, 0.02)


def test_the_tighter_of_two_leverage_limits_counts() -> None:
    assert leverage_limit(rules(leverage=3.0), replace(TAKER, leverage_max=2.0)) == 2.0
    assert leverage_limit(rules(leverage=3.0), replace(TAKER, leverage_max=4.0)) == 3.0
    assert leverage_limit(None, replace(TAKER, leverage_max=4.0)) == 4.0
    assert leverage_limit(None, TAKER) is None


def test_maintenance_by_parts_is_what_the_arrays_add_up_to() -> None:
    """1 % of 50,000 and 5 % of the 20,000 above: 500 + 1,000."""
    floors, steps, _ = schedule_arrays((TWO, TWO[:1]))
    assert maintenance_usd(TWO, 70_000.0) == pytest.approx(1_500.0)
    assert (np.maximum(70_000.0 - floors, 0.0) * steps).sum(axis=0) == pytest.approx([1_500.0, 700.0])


def test_a_schedule_that_falls_or_does_not_start_at_zero_is_refused() -> None:
    data = {"account_leverage_max": 2, "liquidation_fee_bps": 1, "brackets": {"default": [TWO[1].model_dump()]}}
    with pytest.raises(Refused, match="expected brackets from 0 upwards"):
        Margin.parse(data, "instruments.yaml")
    with pytest.raises(Refused, match="a schedule named default"):
        Margin.parse(data | {"brackets": {"majors": [TWO[0].model_dump()]}}, "instruments.yaml")


def test_the_account_is_settled_at_midnight_only() -> None:
    panel = market([100.0] * 50)
    assert np.flatnonzero(kernel_rules(panel, None, TAKER, None).settles).tolist() == [0, 24, 48]


def test_the_distance_of_one_long_is_that_of_its_liquidation_price() -> None:
    """
    400 units at 100 of 100,000 USD are at leverage 2.5 in the first bracket, m = 0.01.
    P_liq = 100 (1 - 1/2.5) / (1 - 0.01) = 60.606..., so |P - P_liq| / P = 0.3939...
    """
    panel = market([100.0] * 72)
    simulated = simulate_panel(
        panel, held(panel, 0.4), free(), TAKER, capital_usd=CAPITAL, daily_volatility=volatility(panel), rules=rules()
    )
    x = distance_to_liquidation(panel, simulated, rules())
    assert np.isnan(x[:31]).all()
    leverage = 0.4
    assert x[40] == pytest.approx(1 - (1 - 1 / leverage) / (1 - 0.01))
    assert 100 * (1 - x[40]) == pytest.approx((40_000 - CAPITAL) / (400 * (1 - 0.01)))  # the price at which E = M, by hand


def test_the_distance_of_one_short_is_that_of_its_liquidation_price() -> None:
    """Leverage 0.4: P_liq = 100 (1 + 2.5) / 1.01."""
    panel = market([100.0] * 72)
    simulated = simulate_panel(
        panel, held(panel, -0.4), free(), TAKER, capital_usd=CAPITAL, daily_volatility=volatility(panel), rules=rules()
    )
    assert distance_to_liquidation(panel, simulated, rules())[40] == pytest.approx(3.5 / 1.01 - 1)


def test_a_record_says_when_its_account_was_liquidated_and_that_its_close_would_not_have_done_it() -> None:
    """
    6 x 100,000 at 100 are 6,000 units; 500 of maintenance for the first 50,000, 5 % above. Bar 40 falls to 88:
    equity 100,000 - 72,000 = 28,000; maintenance 500 + 0.05 x (528,000 - 50,000) = 24,400: alive. At 87: 22,000 <= 24,100.
    """
    for low, ended in ((88.0, False), (87.0, True)):
        panel = market([100.0] * 96, low=low, at=40)
        record = run_backtest(
            panel, held(panel, 6.0), free(), TAKER, capital_usd=CAPITAL, pod="a", daily_volatility=volatility(panel),
            rules=rules(),
        )  # fmt: skip
        assert record.account is not None
        assert [iso(int(us)) for us in record.account.liquidated_us] == (["2024-01-02T16:00:00Z"] if ended else [])
        assert record.account.liquidated_at_close == 0
        assert record.account.marks == "bar extremes"
        assert bool(record.position_last_usd[0]) is not ended
        assert record.component["liquidation"].sum() == pytest.approx(-0.01 * 6_000 * 87.0 / CAPITAL if ended else 0.0)
        assert sum(record.component.values()) == pytest.approx(record.net_return, abs=1e-15)


def test_marks_stand_before_the_bar_s_extremes() -> None:
    """The bar's low of 80 would have liquidated; the venue's marks fell to 95 only."""
    panel = market([100.0] * 96, low=80.0, at=40)
    marks = (np.full(panel.close.shape, 95.0), np.full(panel.close.shape, 101.0))
    record = run_backtest(
        panel, held(panel, 6.0), free(), TAKER, capital_usd=CAPITAL, pod="a", daily_volatility=volatility(panel),
        rules=rules(), marks=marks,
    )  # fmt: skip
    assert record.account is not None
    assert (record.account.marks, len(record.account.liquidated_us)) == ("marks", 0)
    marks[0][40, 0] = np.nan
    unknown = run_backtest(
        panel, held(panel, 6.0), free(), TAKER, capital_usd=CAPITAL, pod="a", daily_volatility=volatility(panel),
        rules=rules(), marks=marks,
    )  # fmt: skip
    assert unknown.account is not None
    assert len(unknown.account.liquidated_us) == 1


def test_least_distance_and_its_time_are_those_of_the_lowest_close() -> None:
    """Bar 50 closes at 95: 2 x 100,000 are 2,000 units; equity 90,000, notional 190,000, maintenance 500 + 7,000."""
    closes = [100.0] * 96
    closes[50] = 95.0
    panel = market(closes)
    record = run_backtest(
        panel, held(panel, 2.0), free(), TAKER, capital_usd=CAPITAL, pod="a", daily_volatility=volatility(panel), rules=rules()
    )
    assert record.account is not None
    assert record.account.distance_min_us == panel.close_time_us[50]
    expected = (90_000 - 7_500) / (190_000 * 0.95)
    assert record.account.distance_min == pytest.approx(expected)
    assert record.account.distance_min_sigma == pytest.approx(expected / 0.02)


def test_what_no_rule_is_stated_for_is_said() -> None:
    panel = market([100.0] * 72)
    lots = {"BTCUSDT": Lot(quantity_step=0.5)}
    given = {"capital_usd": CAPITAL, "pod": "a", "daily_volatility": volatility(panel)}
    none = run_backtest(panel, held(panel, 0.4), free(), TAKER, **given)
    some = run_backtest(panel, held(panel, 0.4), free(), TAKER, rules=rules(), **given)
    all_ = run_backtest(panel, held(panel, 0.4), free(), TAKER, rules=rules(lots=lots), **given)
    assert none.account is not None
    assert none.account.without == ("lots, margin and liquidation: no rules of test linear are stated",)
    assert none.account.distance_min is None
    assert some.account is not None
    assert some.account.without == ("lots of BTCUSDT",)
    assert all_.account is not None
    assert all_.account.without == ()


def test_an_account_that_does_not_tie_is_refused() -> None:
    """A cent goes missing in one bar."""
    panel = market([100.0] * 72)
    simulated = simulate_panel(
        panel, held(panel, 0.4), free(), TAKER, capital_usd=CAPITAL, daily_volatility=volatility(panel), rules=rules()
    )
    assert require_ties(simulated, capital_usd=CAPITAL) < 1e-8
    simulated.component[40, LIQUIDATION] -= 0.01
    assert residual_usd(simulated, capital_usd=CAPITAL) == pytest.approx(0.01, abs=1e-6)
    with pytest.raises(Refused, match="add up to the cent"):
        require_ties(simulated, capital_usd=CAPITAL)


def free() -> CostModel:
    """The cost file without its costs."""
    model = costs()
    nothing = model.markets[Market.LINEAR].model_copy(update={"maker_fee_bps": 0.0, "taker_fee_bps": 0.0})
    return model.model_copy(
        update={
            "markets": {**model.markets, Market.LINEAR: nothing},
            "half_spread_bps": model.half_spread_bps.model_copy(update={"default": 0.0, "by_symbol": {}}),
            "impact": model.impact.model_copy(update={"y": 0.0}),
        }
    )
