import numpy as np
import pytest

from attribution.fill_style import FillStyle, fill_style
from domain.errors import Refused
from domain.strategy import ExecutionIntent
from measures.intervals import wilson_interval
from measures.undefined import Undefined
from tests.unit.attribution.orders import orders


def style(*rows: dict[str, float]) -> FillStyle:
    found = fill_style(orders(*rows))
    assert isinstance(found, FillStyle)
    return found


def test_share_is_by_notional() -> None:
    found = style({"maker_quantity": 10.0, "fill_price": 300.0}, {"maker_quantity": 0.0, "fill_price": 100.0})
    assert found.maker_share == pytest.approx(0.75)
    assert found.n_orders == 2
    assert found.effective_orders == pytest.approx(4000**2 / (3000**2 + 1000**2))


def test_interval_counts_orders_not_fills() -> None:
    found = style(*[{"maker_quantity": 6.0}] * 50)
    assert found.effective_orders == pytest.approx(50.0)
    assert (found.low, found.high) == pytest.approx(wilson_interval(0.6, 50.0))


def test_unfilled_orders_do_not_count() -> None:
    assert style({"maker_quantity": 5.0}, {"filled": 0.0}).n_orders == 1
    assert fill_style(orders({"filled": 0.0})) == Undefined("no fills")
    assert fill_style(orders()) == Undefined("no fills")


def test_a_taker_contradicts_a_maker_intent_only_with_enough_orders() -> None:
    intent = ExecutionIntent(maker_share_min=0.5, maker_share_max=0.9)
    assert style(*[{"maker_quantity": 0.0}] * 40).contradicts(intent)
    assert not style(*[{"maker_quantity": 0.0}] * 2).contradicts(intent)
    assert not style(*[{"maker_quantity": 7.0}] * 40).contradicts(intent)
    assert style(*[{"maker_quantity": 10.0}] * 400).contradicts(intent)


@pytest.mark.parametrize("maker", [-1.0, 11.0, np.nan])
def test_maker_quantity_lies_within_the_fill(maker: float) -> None:
    with pytest.raises(Refused, match="maker quantity"):
        fill_style(orders({"maker_quantity": maker}))
