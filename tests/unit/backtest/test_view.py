import numpy as np
import pytest

from backtest.view import view_of
from tests.unit.backtest.markets import panel_of, random_closes


def test_a_strategy_sees_the_panel_and_cannot_write_to_it() -> None:
    panel = panel_of(random_closes(5, 2, seed=1))
    view = view_of(panel, np.full((5, 2), 0.02), {"window": 3})
    assert view.params == {"window": 3}
    assert view.close.tolist() == panel.close.tolist()
    with pytest.raises(ValueError, match="read-only"):
        view.close[0, 0] = 1.0
    panel.close[0, 0] = 1.0  # the panel's own array stays as it was
    assert view.close[0, 0] == 1.0
