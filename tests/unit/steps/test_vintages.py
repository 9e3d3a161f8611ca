"""Which data a backtest's decisions see, what it says of that, and what hindsight was worth."""

import csv
import io

import numpy as np
import pytest

from backtest.research import central_volatility
from backtest.run import run_backtest
from backtest.sizing import correlation_so_far, sized
from data_lake.vintages import Known
from domain.errors import Refused
from domain.market import Panel
from domain.times import iso
from domain.versions import FOREVER_US, Cells
from steps.vintages import DECISION_LAG_US, Decided, Vintages, decide, differing_csv, hindsight, vintages_of
from tests.unit.backtest.markets import costs
from tests.unit.backtest.test_margin import CAPITAL, TAKER
from tests.unit.backtest.test_vintage import LOOKBACK, SMALL, TARGET, market, predict


def wrong_close(panel: Panel, row: int, until: int, factor: float = 0.5) -> Cells:
    one = np.array([row])
    return Cells(one, np.array([0]), np.array([0]), np.array([until]), panel.close[one, 0] * factor)


def decided(panel: Panel, vintages: Vintages | None) -> Decided:
    volatility = central_volatility(panel)
    prediction = predict(panel, volatility)
    plain = sized(panel, prediction, volatility, correlation_so_far(panel), SMALL, volatility_target_annual=TARGET)
    return decide(vintages, panel, plain, prediction, volatility, SMALL, TARGET, predict)


def test_decisions_on_the_data_as_it_stood_are_told_apart_from_those_with_hindsight() -> None:
    """A close known as half of itself until two days later; decisions are taken every other bar."""
    panel = market(5)
    row = 150 if np.isfinite(panel.close[150, 0]) else 151
    until = int(panel.close_time_us[row + 8]) + DECISION_LAG_US
    found = decided(panel, Vintages(Known({"close": wrong_close(panel, row, until)}, 1.0)))
    assert found.vintage is not None
    given = {"capital_usd": CAPITAL, "pod": "a", "daily_volatility": central_volatility(panel)}
    exact, latest = (run_backtest(panel, one, costs(), TAKER, **given) for one in (found.targets, found.latest))
    told = hindsight(panel, found, exact, latest)
    rows = list(csv.DictReader(io.StringIO(differing_csv(panel, found.vintage).decode())))
    assert told["decisions_that_differ"] == len(rows) > 0
    times = {iso(int(panel.close_time_us[t])) for t in range(row, row + 8)}
    assert {line["decided"] for line in rows} <= times
    assert rows[0]["weight_as_it_stood"] != rows[0]["weight_on_latest_data"]
    assert told["worth_of_hindsight"]["total_return"] == pytest.approx(
        told["latest"]["total_return"] - told["exact"]["total_return"]
    )
    assert told["worth_of_hindsight"]["total_return"] != 0.0


def test_without_vintages_decisions_have_hindsight() -> None:
    panel = market(5)
    found = decided(panel, None)
    assert found.vintage is None
    assert found.targets is found.latest


def test_what_is_not_affordable_is_said_and_done_only_when_asked_for() -> None:
    """Every bar of a long stretch corrected at a moment of its own: each decision needs the lookback again."""
    panel = market(6)
    rows = np.arange(40, 260)
    until = panel.close_time_us[rows + 1] + DECISION_LAG_US
    cells = Cells(rows, np.zeros_like(rows), np.zeros_like(rows), until, panel.close[rows, 0] * 0.9)
    known = Known({"close": cells}, 1.0)
    why = Vintages(known).why_not(SMALL, panel)
    assert why is not None
    assert "bars would have to be shown again" in why
    assert decided(panel, Vintages(known)).vintage is None
    assert Vintages(known, at_any_price=True).why_not(SMALL, panel) is None
    assert decided(panel, Vintages(known, at_any_price=True)).vintage is not None
    assert LOOKBACK * len(rows) > 5 * len(panel.close)


def test_data_that_no_decision_could_have_had_are_refused_where_exactness_is_asked_for() -> None:
    panel = market(7)
    row, column = (one.ravel() for one in np.indices(panel.close.shape))
    late = Cells(row, column, np.zeros_like(row), np.full_like(row, FOREVER_US), np.full(len(row), np.nan))
    known = Known({"close": late}, 0.0)
    assert decided(panel, Vintages(known)).vintage is None
    with pytest.raises(Refused, match=r"0.0% of the bars were known .* deliver them with `--known-at published`"):
        decided(panel, Vintages(known, at_any_price=True))


def test_a_history_bought_late_is_decided_on_as_it_is_known_today_unless_exactness_is_asked_for() -> None:
    panel = market(7)
    known = Known({"close": wrong_close(panel, 100, FOREVER_US)}, 0.1)
    why = Vintages(known).why_not(SMALL, panel)
    assert why is not None
    assert why.startswith("10.0% of the bars were known")
    assert Vintages(known, at_any_price=True).why_not(SMALL, panel) is None


def test_another_word_is_refused() -> None:
    with pytest.raises(Refused, match="expected --vintages exact or latest, got 'never'"):
        vintages_of(None, None, "never")  # type: ignore[arg-type]
    assert vintages_of(None, None, "latest") is None  # type: ignore[arg-type]
