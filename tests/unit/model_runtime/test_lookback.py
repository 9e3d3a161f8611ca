from pathlib import Path

import pytest

from domain.errors import Refused
from model_runtime.lookback import check_lookback
from model_runtime.package import load_package
from tests.unit.model_runtime.packages import view_for_tests, write_package

SUM_OF_THREE = """
import numpy as np

def predict(view):
    out = np.full_like(view.close, np.nan)
    out[2:] = view.close[2:] + view.close[1:-1] + view.close[:-2]
    return out
"""
ONE_AHEAD = "import numpy as np\ndef predict(view):\n    return np.roll(view.close, -1, axis=0)"
WHOLE_SAMPLE = "def predict(view):\n    return view.close / view.close.std(axis=0)"
HIDDEN_STATE = "import numpy as np\ndef predict(view):\n    return np.cumsum(view.volume, axis=0) / 1e3"
SHY_OF_JUMPS = """
import numpy as np

def predict(view):
    out = view.close.copy()
    out[:-1][view.close[1:] > 1.2 * view.close[:-1]] = 0.0
    return out
"""
BACKFILLED = """
import numpy as np

def predict(view):
    out = view.close.copy()
    out[:-1] = np.where(np.isnan(out[:-1]), out[1:], out[:-1])
    return out
"""


def test_an_honest_lookback_passes(tmp_path: Path) -> None:
    package = load_package(write_package(tmp_path / "a", SUM_OF_THREE, lookback_bars=3), reviewed=True)
    assert check_lookback(package, view_for_tests(), [1, 10, 29]) is None


@pytest.mark.parametrize("code", [ONE_AHEAD, WHOLE_SAMPLE, HIDDEN_STATE])
def test_what_looks_further_is_refused(tmp_path: Path, code: str) -> None:
    package = load_package(write_package(tmp_path / "a", code, lookback_bars=5), reviewed=True)
    with pytest.raises(Refused, match="predictions of bar 12 change"):
        check_lookback(package, view_for_tests(), [12])


def test_a_lookback_one_bar_short_is_refused(tmp_path: Path) -> None:
    package = load_package(write_package(tmp_path / "a", SUM_OF_THREE, lookback_bars=2), reviewed=True)
    with pytest.raises(Refused, match="from its lookback alone: raise lookback_bars"):
        check_lookback(package, view_for_tests(), [12])


def test_a_gap_filled_from_the_future_is_refused(tmp_path: Path) -> None:
    view = view_for_tests()
    view.close[12, 0] = float("nan")
    package = load_package(write_package(tmp_path / "a", BACKFILLED, lookback_bars=1), reviewed=True)
    with pytest.raises(Refused, match="predictions of bar 12 change"):
        check_lookback(package, view, [12])


def test_a_leak_that_shows_only_when_the_future_is_unusual_is_refused(tmp_path: Path) -> None:
    package = load_package(write_package(tmp_path / "a", SHY_OF_JUMPS, lookback_bars=1), reviewed=True)
    with pytest.raises(Refused, match="once bars outside its lookback change"):
        check_lookback(package, view_for_tests(), range(5, 25))
