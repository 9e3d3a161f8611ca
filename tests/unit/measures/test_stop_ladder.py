"""The ladder: the step itself counts, and nothing re-arms."""

import pytest

from domain.errors import Refused
from measures.stop_ladder import stop_ladder


def test_each_step_works_from_the_next_day_on_and_holds() -> None:
    path = stop_ladder([-5.0, 10.0, 10.0, -100.0, 50.0], 100.0, halve_at=0.05, zero_at=0.075)
    assert path.scale.tolist() == [0.5, 0.5, 0.5, 0.0, 0.0]
    assert path.equity.tolist() == [-5.0, 0.0, 5.0, -45.0, -45.0]
    assert path.drawdown.tolist() == [0.05, 0.0, 0.0, 0.5, 0.5]
    assert stop_ladder([-4.99], 100.0, 0.05, 0.075).scale.tolist() == [1.0]
    assert stop_ladder([-0.7, -0.1, -4.2], 100.0, 0.05, 0.075).scale[-1] == 0.5  # a sum of 4.999...


@pytest.mark.parametrize("wrong", [(0.0, 0.05, 0.075), (1.0, 0.075, 0.05), (1.0, 0.0, 0.05)])
def test_a_ladder_that_is_none_is_refused(wrong: tuple[float, float, float]) -> None:
    with pytest.raises(Refused):
        stop_ladder([1.0], *wrong)
