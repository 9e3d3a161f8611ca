import numpy as np
import pytest

from backtest.sizing import HALT_DAYS, WARM_UP_DAYS, decision_bars, diversification, forecasts, target_weights
from domain.arrays import FloatArray
from domain.errors import Refused
from domain.market import Market, Panel
from domain.strategy import Manifest
from measures.sizing import diversification_multiplier
from tests.unit.backtest.markets import panel_of, random_closes

NAN = float("nan")
SIGMA = 0.03
TAU = 0.2
YEAR_SIGMA = SIGMA * np.sqrt(365)


def manifest(**changes: object) -> Manifest:
    stated: dict[str, object] = {
        "name": "made-up",
        "version": 1,
        "authors": ["A. Author"],
        "description": "A strategy for tests alone.",
        "style": "trend",
        "execution": {"maker_share_min": 0.0, "maker_share_max": 1.0},
        "universe": "all",
        "markets": {"linear": "long_short", "spot": "long_only"},
        "horizon_hours": 24,
        "decide_every_hours": 24,
        "lookback_bars": 1,
        "trials_elsewhere": 0,
    }
    return Manifest.parse(stated | changes, "test")


def weights(panel: Panel, prediction: FloatArray, sigma: float = SIGMA, tau: float = TAU, **changes: object) -> FloatArray:
    volatility = np.full(panel.close.shape, sigma)
    return target_weights(panel, prediction, volatility, manifest(**changes), volatility_target_annual=tau).weight


def test_a_constant_opinion_on_one_symbol_is_target_over_volatility() -> None:
    panel = panel_of(random_closes(40, 1, seed=1))
    weight = weights(panel, np.full((40, 1), 0.001))
    assert not weight[:WARM_UP_DAYS].any()
    assert weight[WARM_UP_DAYS:, 0] == pytest.approx(np.full(30, TAU / YEAR_SIGMA))  # forecast 10, one symbol: no diversification


def test_the_scale_of_a_prediction_does_not_matter() -> None:
    panel = panel_of(random_closes(40, 2, seed=2))
    prediction = np.random.default_rng(3).normal(size=(40, 2))
    assert weights(panel, prediction) == pytest.approx(weights(panel, 1e-4 * prediction), rel=1e-12)


def test_forecast_divides_by_the_mean_size_so_far() -> None:
    prediction = np.array([[1.0, -3.0]] * 10 + [[8.0, NAN], [2.0, 0.0]])
    forecast = forecasts(prediction, np.full((12, 2), 1.0), horizon_days=4.0, bars_per_day=1)
    # raw: half of the prediction. Mean size: (10 x 2 + 4) / 21 = 8 / 7, then (24 + 1 + 0) / 23.
    assert np.isnan(forecast[:10]).all()
    assert forecast[10, 0] == 20.0  # 4 / (8 / 7) x 10 = 35, capped
    assert np.isnan(forecast[10, 1])
    assert forecast[11] == pytest.approx([10 / (25 / 23), 0.0])


def test_no_opinion_is_no_position_and_the_budget_goes_to_the_others() -> None:
    closes = random_closes(40, 2, seed=1)
    prediction = np.full((40, 2), 0.001)
    prediction[:, 1] = NAN
    weight = weights(panel_of(closes), prediction)
    assert weight[-1] == pytest.approx([TAU / YEAR_SIGMA, 0.0])


def test_the_buffer_is_a_tenth_of_the_average_position_and_none_without_an_opinion() -> None:
    panel = panel_of(random_closes(40, 2, seed=1))
    prediction = np.where(np.arange(2) == 0, np.linspace(0.001, 0.003, 40)[:, None], NAN)
    targets = target_weights(panel, prediction, np.full((40, 2), SIGMA), manifest(), volatility_target_annual=TAU)
    assert targets.buffer[-1] == pytest.approx([0.1 * TAU / YEAR_SIGMA, 0.0])


def test_long_only_on_spot_and_no_more_than_the_cash() -> None:
    closes = random_closes(40, 3, seed=4)
    prediction = np.tile([0.001, -0.001, 0.001], (40, 1))
    weight = weights(panel_of(closes, market=Market.SPOT), prediction, tau=5.0)
    assert weight[-1] == pytest.approx([0.5, 0.0, 0.5])


def test_gross_exposure_of_contracts_is_capped_at_four() -> None:
    weight = weights(panel_of(random_closes(40, 2, seed=4)), np.tile([0.001, -0.001], (40, 1)), tau=50.0)
    assert np.abs(weight[-1]).sum() == pytest.approx(4.0)
    assert weight[-1, 0] == pytest.approx(-weight[-1, 1])


def test_weights_are_held_between_decisions() -> None:
    closes = random_closes(24 * 20, 1, seed=5, sigma=0.004)
    prediction = np.random.default_rng(6).normal(size=closes.shape)
    weight = weights(panel_of(closes, interval_hours=1), prediction, decide_every_hours=8)
    blocks = weight[7:-1].reshape(-1, 8)  # the bar that closes at 08:00 is number 7
    assert (blocks == blocks[:, :1]).all()
    assert len(np.unique(blocks[WARM_UP_DAYS * 3 :, 0])) == len(blocks) - WARM_UP_DAYS * 3


def test_decisions_fall_on_hours_of_the_utc_day_wherever_the_panel_starts() -> None:
    panel = panel_of(random_closes(30, 1, seed=1), interval_hours=1, start="2024-01-01T05:00")
    closes_at = (panel.close_time_us[decision_bars(panel, 8)] // 3_600_000_000 % 24).tolist()
    assert closes_at == [8, 16, 0, 8]


def test_bars_longer_than_the_decision_interval_decide_each_time() -> None:
    assert decision_bars(panel_of(random_closes(5, 1, seed=1)), 1).all()


def test_a_symbol_without_a_bar_keeps_its_weight_until_it_is_gone() -> None:
    closes = random_closes(40, 2, seed=7)
    closes[20:, 1] = NAN
    prediction = np.full((40, 2), 0.001)
    weight = weights(panel_of(closes), prediction)
    assert (weight[20 : 20 + HALT_DAYS, 1] == weight[19, 1]).all()
    assert weight[19, 1] > 0
    assert not weight[20 + HALT_DAYS :, 1].any()


def test_only_the_universe_of_the_manifest_is_held() -> None:
    panel = panel_of(random_closes(40, 2, seed=1))
    weight = weights(panel, np.full((40, 2), 0.001), universe=["ETHUSDT", "ABSENT"])
    assert weight[-1, 0] == 0.0
    assert weight[-1, 1] > 0.0


def test_diversification_is_the_multiplier_of_the_mean_correlation() -> None:
    closes = random_closes(120, 4, seed=8)
    closes[:, 1] = closes[:, 0] ** 0.5 * closes[:, 1] ** 0.5
    panel = panel_of(closes)
    got = diversification(panel, np.full(120, 4))
    returns = closes[1:-1] / closes[:-2] - 1.0  # the last day is not closed when its bar decides
    correlation = np.corrcoef(returns.T)
    mean = max(0.0, float(np.mean(correlation[np.triu_indices(4, 1)])))
    even = np.full((4, 4), mean)
    np.fill_diagonal(even, 1.0)
    assert got[-1] == pytest.approx(diversification_multiplier(even, np.full(4, 0.25)))
    assert got[20] == 1.0


def test_correlation_of_two_symbols_uses_the_days_that_both_have() -> None:
    closes = random_closes(100, 2, seed=9)
    closes[:, 1] = 0.5 * closes[:, 0] + 0.5 * closes[:, 1]
    closes[30:50, 1] = NAN
    got = diversification(panel_of(closes), np.full(100, 2))[-1]
    returns = np.full((99, 2), NAN)
    returns[1:] = closes[1:99] / closes[:98] - 1.0
    both = returns[np.isfinite(returns).all(axis=1)]
    rho = max(0.0, float(np.corrcoef(both.T)[0, 1]))
    assert got == pytest.approx(1.0 / np.sqrt(0.5 + 0.5 * rho))


@pytest.mark.parametrize(
    ("market", "changes", "sentence"),
    [
        (Market.SPOT, {"markets": {"linear": "long_short"}}, "trades linear, the panel is spot: it has no opinion here"),
        (Market.INVERSE, {}, "not inverse"),
        (Market.LINEAR, {"universe": ["NONE"]}, r"expected some of \['NONE'\] in the panel"),
    ],
)
def test_refuses_what_it_cannot_size(market: Market, changes: dict[str, object], sentence: str) -> None:
    panel = panel_of(random_closes(12, 1, seed=1), market=market)
    with pytest.raises(Refused, match=sentence):
        weights(panel, np.ones((12, 1)), **changes)
