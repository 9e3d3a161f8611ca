import numpy as np
import pytest

from backtest.stepping import stepped
from domain.arrays import FloatArray
from domain.errors import Refused
from domain.strategy import View
from tests.unit.model_runtime.packages import view_for_tests


def sum_of_three(view: View) -> FloatArray:
    out = np.full_like(view.close, np.nan)
    out[2:] = view.close[2:] + view.close[1:-1] + view.close[:-2]
    return out


def one_ahead(view: View) -> FloatArray:
    return np.roll(view.close, -1, axis=0)


def whole_sample(view: View) -> FloatArray:
    return np.asarray(view.close / view.close.std(axis=0))


def running_total(view: View) -> FloatArray:
    return np.cumsum(view.volume, axis=0) / 1e3


def test_an_honest_lookback_agrees_at_every_row() -> None:
    view = view_for_tests()
    rows = range(2, len(view.close))
    assert stepped(sum_of_three, view, sum_of_three(view), rows, lookback_bars=3) == []


@pytest.mark.parametrize("ask", [one_ahead, whole_sample, running_total])
def test_what_looks_further_differs_at_its_time(ask) -> None:
    view = view_for_tests()
    found = stepped(ask, view, ask(view), [12], lookback_bars=5)
    assert [(one.check, one.time_us) for one in found] == [("lookback alone", int(view.open_time_us[12] + view.interval_us))]
    assert found[0].moved > 1e-9


def test_a_lookback_one_bar_short_loses_the_opinion() -> None:
    view = view_for_tests()
    (found,) = stepped(sum_of_three, view, sum_of_three(view), [12], lookback_bars=2)
    assert found.moved == float("inf")


def test_a_decision_that_is_refused_disagrees() -> None:
    def silent(view: View) -> FloatArray:
        raise Refused("no answer")

    view = view_for_tests()
    (found,) = stepped(silent, view, sum_of_three(view), [12], lookback_bars=3)
    assert found.moved == float("inf")
