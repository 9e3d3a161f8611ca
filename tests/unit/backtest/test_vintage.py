"""Decisions on the data as it stood, against a program that runs everything anew at each of them."""

from dataclasses import replace

import numpy as np
import pytest

from backtest.research import central_volatility
from backtest.sizing import CorrelationSoFar, correlation_so_far, sized, target_weights
from backtest.vintage import VintageTargets, differing, vintage_targets
from backtest.vintage_cells import FIELDS, Epoch, epochs_of, rows_to_show
from backtest.vintage_stretch import rows_of
from domain.arrays import FloatArray, IntArray
from domain.errors import Refused
from domain.market import Panel
from domain.times import US_PER_HOUR, US_PER_MINUTE
from domain.versions import FOREVER_US, Cells
from tests.unit.backtest.markets import panel_of, random_closes
from tests.unit.backtest.test_sizing import manifest

LAG_US = US_PER_MINUTE
LOOKBACK = 9
TARGET = 0.2
SMALL = manifest(lookback_bars=LOOKBACK, horizon_hours=24, decide_every_hours=12)


def predict(panel: Panel, volatility: FloatArray) -> FloatArray:
    """Something in which every close and volume of the lookback counts: the newest close over their weighted mean, less one."""
    answer = np.full(panel.close.shape, np.nan)
    for t in range(LOOKBACK - 1, len(answer)):
        window = slice(t - LOOKBACK + 1, t + 1)
        volume = np.where(np.isfinite(panel.volume[window]), panel.volume[window], 0.0)
        price = np.where(np.isfinite(panel.close[window]), panel.close[window], 0.0)
        mean = (volume * price).sum(axis=0) / np.maximum(volume.sum(axis=0), 1e-9)
        answer[t] = (panel.close[t] / mean - 1.0) * volatility[t] + 0.01 * panel.funding_rate[t]
    return answer


def market(seed: int, days: int = 66, symbols: int = 3) -> Panel:
    """Six-hour bars with some missing."""
    random = np.random.default_rng(seed)
    closes = random_closes(4 * days, symbols, seed)
    closes[random.random(closes.shape) < 0.02] = np.nan
    panel = panel_of(closes, interval_hours=6)
    return replace(
        panel, volume=panel.volume * random.exponential(1.0, closes.shape), funding_rate=random.normal(0, 1e-4, closes.shape)
    )


def revised(panel: Panel, seed: int, batches: int) -> dict[str, Cells]:
    """Blocks of bars that were other ones until a later moment, and bars that came late; some were corrected twice."""
    random = np.random.default_rng([seed, 1])
    parts: dict[str, list[tuple[int, int, int, int, float]]] = {name: [] for name in FIELDS}
    decided = panel.close_time_us + LAG_US
    for _ in range(batches):
        first, length = int(random.integers(60, len(decided) - 20)), int(random.integers(1, 6))
        gone = (
            int(decided[min(first + length + int(random.integers(0, 30)), len(decided) - 1)])
            - int(random.integers(0, 2)) * US_PER_HOUR
        )
        kind = random.choice(["value", "late", "twice"])
        for row in range(first, first + length):
            for column in np.flatnonzero(random.random(len(panel.symbols)) < 0.7):
                if not np.isfinite(panel.close[row, column]):
                    continue
                chain = [(0, gone)] if kind != "twice" else [(0, gone), (gone, gone + 15 * US_PER_HOUR)]
                for since, until in chain:
                    for name in FIELDS:
                        now = getattr(panel, name)[row, column]
                        value = np.nan if kind == "late" else now * (1 + random.normal(0, 0.05))
                        parts[name].append((row, int(column), since, until, value))
    return {name: _cells(rows) for name, rows in parts.items() if rows}


def _cells(rows: list[tuple[int, int, int, int, float]]) -> Cells:
    once = {(row, column, since): (row, column, since, until, value) for row, column, since, until, value in rows}
    row, column, since, until, value = zip(*once.values(), strict=True)
    return Cells(*(np.array(one, dtype=np.int64) for one in (row, column, since, until)), np.array(value))


def as_of(panel: Panel, cells: dict[str, Cells], t: int) -> Panel:
    """The bars up to t as they were known when its decision was taken."""
    moment, changed = int(panel.close_time_us[t]) + LAG_US, {}
    for name, one in cells.items():
        values = getattr(panel, name).copy()
        for row, column, since, until, value in zip(*one, strict=True):
            if since <= moment < until:
                values[row, column] = value
        changed[name] = values
    return rows_of(replace(panel, **changed), slice(0, t + 1))


def exact(panel: Panel, cells: dict[str, Cells], shown: list[int] | None = None) -> VintageTargets:
    volatility = central_volatility(panel)
    prediction = predict(panel, volatility)
    plain = sized(panel, prediction, volatility, correlation_so_far(panel), SMALL, volatility_target_annual=TARGET)

    def ask(part: Panel, forecast: FloatArray) -> FloatArray:
        if shown is not None:
            shown.append(len(part.open_time_us))
        return predict(part, forecast)

    return vintage_targets(
        panel, cells, plain, prediction, volatility, ask, SMALL, decision_lag_us=LAG_US, volatility_target_annual=TARGET
    )


@pytest.mark.parametrize("seed", range(3))
def test_every_decision_is_that_of_a_fresh_run_on_the_data_of_its_time(seed: int) -> None:
    panel = market(seed)
    cells = revised(panel, seed, batches=8)
    got = exact(panel, cells)
    weights = 0
    for t in np.flatnonzero(got.targets.decides):
        then = as_of(panel, cells, int(t))
        volatility = central_volatility(then)
        fresh = target_weights(then, predict(then, volatility), volatility, SMALL, volatility_target_annual=TARGET)
        seen, now = then.close[t], panel.close[t]
        tradable = np.isfinite(seen) & np.isfinite(now)
        units = fresh.weight[t] / seen
        assert got.targets.weight[t][tradable] / now[tradable] == pytest.approx(units[tradable], rel=1e-9, abs=1e-15), t
        assert got.targets.buffer[t][tradable] / now[tradable] == pytest.approx((fresh.buffer[t] / seen)[tradable], rel=1e-9)
        assert np.isnan(got.targets.weight[t][np.isfinite(now) & np.isnan(seen)]).all()
        weights += int((fresh.weight[t] != 0).sum())
    assert weights > 200
    assert len(got.differing.row)


def test_only_decisions_that_saw_another_version_can_differ() -> None:
    panel = market(9)
    cells = revised(panel, 9, batches=5)
    got = exact(panel, cells)
    saw = np.array([_saw(panel, cells, t) for t in range(len(panel.close))])
    assert np.array_equal(got.seen_otherwise, saw)
    assert set(got.differing.row) <= set(np.flatnonzero(saw))


def _saw(panel: Panel, cells: dict[str, Cells], t: int) -> bool:
    moment = int(panel.close_time_us[t]) + LAG_US
    return any(((one.row <= t) & (one.from_us <= moment) & (moment < one.until_us)).any() for one in cells.values())


def test_a_correction_before_its_bar_s_own_decision_changes_nothing() -> None:
    panel = market(1)
    moment = int(panel.close_time_us[100]) + LAG_US
    cells = {"close": Cells(*(np.array([one]) for one in (100, 0, 0, moment)), np.array([1.0]))}
    shown: list[int] = []
    got = exact(panel, cells, shown)
    assert (got.epochs, shown, len(got.differing.row)) == ((), [], 0)
    late = {"close": cells["close"]._replace(until_us=np.array([moment + 1]))}
    assert exact(panel, late).epochs == (Epoch(100, 101, 100),)


def test_no_versions_give_the_plain_run() -> None:
    panel = market(2)
    got = exact(panel, {})
    volatility = central_volatility(panel)
    plain = target_weights(panel, predict(panel, volatility), volatility, SMALL, volatility_target_annual=TARGET)
    assert np.array_equal(got.targets.weight, plain.weight)
    assert not got.seen_otherwise.any()


def test_bars_corrected_together_are_one_epoch_and_only_their_stretch_is_predicted_again() -> None:
    """Bars 100 to 104 were wrong until the decision of bar 110: rows 100 to 109 again, with 8 bars before them."""
    panel = market(3)
    rows = np.arange(100, 105)
    until = np.full(5, int(panel.close_time_us[110]) + LAG_US)
    cells = {"volume": Cells(rows, np.zeros(5, dtype=np.int64), np.zeros(5, dtype=np.int64), until, np.full(5, 7.0))}
    shown: list[int] = []
    got = exact(panel, cells, shown)
    assert got.epochs == (Epoch(100, 110, 100),)
    assert shown == [10 + LOOKBACK - 1]
    assert rows_to_show(got.epochs, LOOKBACK) == 10 + LOOKBACK - 1 == got.rows_predicted
    assert np.flatnonzero(got.seen_otherwise).tolist() == list(range(100, 110))


def test_a_version_that_is_never_corrected_is_predicted_again_within_the_lookback_only() -> None:
    panel = market(4, days=60)
    cells = {"volume": Cells(*(np.array([one]) for one in (150, 1, 0, FOREVER_US)), np.array([7.0]))}
    shown: list[int] = []
    got = exact(panel, cells, shown)
    assert got.epochs == (Epoch(150, len(panel.close), 150),)
    assert shown == [2 * LOOKBACK - 1]


def test_the_epochs_of_two_corrections_that_overlap() -> None:
    decided = np.arange(10, dtype=np.int64) * 10

    def cells(*rows: tuple[int, int, int]) -> dict[str, Cells]:
        row, since, until = (np.array(one, dtype=np.int64) for one in zip(*rows, strict=True))
        return {"close": Cells(row, np.zeros_like(row), since, until, np.zeros(len(row)))}

    assert epochs_of(cells((1, 0, 40), (3, 0, 70)), decided) == (Epoch(1, 4, 1), Epoch(4, 7, 3))
    assert epochs_of(cells((1, 0, 30), (6, 0, 80)), decided) == (Epoch(1, 3, 1), Epoch(6, 8, 6))
    assert epochs_of(cells((1, 50, 80)), decided) == (Epoch(5, 8, 1),)


def test_weights_are_compared_at_decisions_on_bars_that_exist() -> None:
    panel = panel_of(np.array([[100.0], [np.nan], [100.0], [100.0]]))
    decides: IntArray = np.array([True, True, True, False])
    base = sized(
        panel, np.full((4, 1), np.nan), np.ones((4, 1)), CorrelationSoFar(np.ones(4)), manifest(), volatility_target_annual=0.1
    ).targets
    one = replace(base, weight=np.array([[1.0], [1.0], [1.0], [1.0]]), decides=decides)
    other = replace(base, weight=np.array([[1.0 + 1e-12], [2.0], [np.nan], [3.0]]), decides=decides)
    assert differing(panel, other, one, np.ones(4, dtype=np.bool_)).row.tolist() == [2]
    assert not len(differing(panel, other, one, np.array([True, True, False, True])).row)


def test_an_unknown_field_is_refused() -> None:
    panel = market(0)
    nothing = np.zeros(0, dtype=np.int64)
    with pytest.raises(Refused, match="mark"):
        exact(panel, {"mark": Cells(nothing, nothing, nothing, nothing, np.zeros(0))})
