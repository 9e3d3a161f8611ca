import numpy as np
import pytest
from scipy.stats import rankdata, spearmanr

from backtest.robustness.signal import forward_returns, half_life, signal_sheet
from domain.errors import Refused


def planted(bars: int = 300, symbols: int = 8, fade: float = 0.9) -> tuple[np.ndarray, np.ndarray]:
    """A hidden drift that fades by `fade` a bar; the prediction sees it through noise."""
    random = np.random.default_rng(4)
    drift = np.zeros((bars, symbols))
    for bar in range(1, bars):
        drift[bar] = fade * drift[bar - 1] + random.normal(0, 0.01, symbols)
    returns = np.vstack([np.zeros(symbols), drift[:-1]]) + random.normal(0, 0.01, (bars, symbols))
    return drift + random.normal(0, 0.005, (bars, symbols)), 100 * np.cumprod(1 + np.clip(returns, -0.5, 0.5), axis=0)


def test_coefficients_are_mean_spearman_correlations_row_by_row() -> None:
    prediction, close = planted()
    prediction[::7, 2] = np.nan
    close[50:55, 3] = np.nan
    decides = np.arange(300) % 3 == 0
    found = signal_sheet(prediction, close, decides, horizon_bars=4, horizons=[1, 4], lags=[0, 2])
    assert found.wide
    for one, lag, horizon in ((found.by_horizon[0], 0, 1), (found.by_horizon[1], 0, 4), (found.decay[1], 2, 4)):
        by_row = []
        for bar in np.flatnonzero(decides):
            if bar + lag + horizon >= 300:
                continue
            later = close[bar + lag + horizon] / close[bar + lag] - 1
            both = np.isfinite(prediction[bar]) & np.isfinite(later)
            if both.sum() >= 5:
                by_row.append(spearmanr(prediction[bar][both], later[both]).statistic)
        assert one.n == len(by_row)
        assert one.value == pytest.approx(np.mean(by_row), abs=1e-12)


def test_t_counts_only_what_does_not_overlap() -> None:
    prediction, close = planted()
    decides = np.ones(300, dtype=bool)
    one, four = signal_sheet(prediction, close, decides, horizon_bars=1, horizons=[1, 4], lags=[0]).by_horizon
    by_row = [spearmanr(prediction[bar], close[bar + 4] / close[bar] - 1).statistic for bar in range(296)]
    assert four.t == pytest.approx(np.mean(by_row) / np.std(by_row, ddof=1) * (296 / 4) ** 0.5)
    assert one.value is not None
    assert one.value > 0.3


def test_a_fading_edge_has_its_half_life() -> None:
    prediction, close = planted(4000, fade=0.9)
    found = signal_sheet(prediction, close, np.ones(4000, bool), horizon_bars=1, horizons=[1], lags=list(range(0, 25, 2)))
    assert found.half_life_bars == pytest.approx(np.log(0.5) / np.log(0.9), rel=0.25)
    quantiles = np.array(found.quantile_bps, dtype=float)
    assert (np.diff(quantiles) > 0).all()


def test_turnover_and_autocorrelation_by_hand() -> None:
    up = np.array([1.0, 2.0, 3.0, 4.0, 5.0])
    prediction = np.array([up, up, up[::-1], up[::-1]])
    close = np.full((4, 5), 10.0)
    found = signal_sheet(prediction, close, np.ones(4, bool), horizon_bars=1, horizons=[1], lags=[0])
    # Unchanged, reversed (changes by twice its size), unchanged.
    assert found.turnover == pytest.approx(2 / 3)
    assert found.autocorrelation == pytest.approx((1 - 1 + 1) / 3)
    assert found.by_horizon[0].value is None
    assert found.half_life_bars is None


def test_few_symbols_are_ranked_over_time() -> None:
    prediction, close = planted(symbols=2)
    found = signal_sheet(prediction, close, np.ones(300, bool), horizon_bars=1, horizons=[1], lags=[0])
    assert not found.wide
    later = forward_returns(close, 1, 0)
    by_symbol = [spearmanr(prediction[:299, column], later[:299, column]).statistic for column in range(2)]
    assert found.by_horizon[0].value == pytest.approx(np.mean(by_symbol), abs=1e-12)


def test_quantiles_hold_their_fifth() -> None:
    random = np.random.default_rng(1)
    prediction, close = random.normal(size=(60, 10)), 100 * np.exp(np.cumsum(random.normal(0, 0.02, (60, 10)), axis=0))
    found = signal_sheet(prediction, close, np.ones(60, bool), horizon_bars=2, horizons=[2], lags=[0])
    later = forward_returns(close, 2, 0)[:58]
    ranks = rankdata(prediction[:58], axis=1)
    for fifth in range(5):
        inside = (ranks > 2 * fifth) & (ranks <= 2 * fifth + 2)
        assert found.quantile_bps[fifth] == pytest.approx(later[inside].mean() * 1e4)


def test_half_life_is_between_the_points() -> None:
    assert half_life([(0, 0.4), (10, 0.3), (20, 0.1)]) == pytest.approx(15.0)
    assert half_life([(0, 0.4), (10, 0.3)]) is None
    assert half_life([(0, -0.1), (10, -0.3)]) is None
    assert half_life([(0, None)]) is None


def test_shapes_that_do_not_fit_are_refused() -> None:
    with pytest.raises(Refused):
        signal_sheet(np.ones((5, 2)), np.ones((4, 2)), np.ones(5, bool), horizon_bars=1, horizons=[1], lags=[0])
    with pytest.raises(Refused):
        signal_sheet(np.ones((5, 2)), np.ones((5, 2)), np.zeros(5, bool), horizon_bars=1, horizons=[1], lags=[0])
