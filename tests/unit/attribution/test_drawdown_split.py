from dataclasses import replace

import numpy as np
import pytest

from attribution.drawdown_split import PARTS, split_drawdowns
from domain.errors import Refused
from domain.record import COMPONENTS, Account, PodRecord
from domain.times import US_PER_DAY
from measures.drawdown import deepest_drawdown
from tests.unit.attribution.test_live_against_replay import record as record_of


def made(price: list[float], data: list[float] | None = None, halt: list[float] | None = None, **lines: list[float]) -> PodRecord:
    """A record whose lines are these; `data` and `halt` are parts of the price line."""
    base = record_of(np.array(price))
    zero = np.zeros(len(price))
    component = {name: np.array(lines.get(name, zero)) for name in COMPONENTS} | {"price": np.array(price)}
    none = np.zeros(0, dtype=np.int64)
    account = Account(0.0, np.array(data or zero), np.array(halt or zero), None, (), None, None, none, None, None, None, None)
    net = np.sum(list(component.values()), axis=0)
    return replace(base, net_return=net, component=component, account=account)


def test_a_fall_is_split_by_cause_and_the_parts_add_up() -> None:
    """
    day      0     1      2      3     4
    price    0.10  -0.04  -0.05  0.02  0.20   of which day 1: -0.01 over a symbol's missing bars, day 2: -0.02 over an outage
    fees           -0.001 -0.001
    liquid.               -0.003
    beta           -0.02  -0.01
    The fall is days 1 and 2: net -0.095; beta -0.03, cost -0.002, data -0.01, halt -0.023, alpha the rest: -0.03.
    """
    record = made(
        [0.10, -0.04, -0.05, 0.02, 0.20],
        data=[0, -0.01, 0, 0, 0],
        halt=[0, 0, -0.02, 0, 0],
        fees=[0, -0.001, -0.001, 0, 0],
        liquidation=[0, 0, -0.003, 0, 0],
    )
    (fall,) = split_drawdowns(record, np.array([0.05, -0.02, -0.01, 0.0, 0.0]))
    assert (fall.from_us, fall.to_us) == (US_PER_DAY, 2 * US_PER_DAY)
    assert fall.part == pytest.approx({"beta": -0.03, "alpha": -0.03, "cost": -0.002, "data": -0.01, "halt": -0.023})
    assert sum(fall.part[name] for name in PARTS) == pytest.approx(record.net_return[1:3].sum())
    assert fall.depth == pytest.approx(1 - (1 - 0.041) * (1 - 0.054))


def test_the_deepest_come_first_and_the_cause_is_what_took_most() -> None:
    """Day 0 falls by costs from the start, days 2 and 3 by beta; day 5 by alpha, still under water at the end."""
    record = made([0.0, 0.1, -0.1, -0.1, 0.5, -0.05], fees=[-0.01, 0, 0, 0, 0, 0])
    falls = split_drawdowns(record, np.array([0.0, 0.0, -0.1, -0.08, 0.0, 0.0]))
    assert [fall.cause for fall in falls] == ["beta", "alpha", "cost"]
    assert [fall.from_us // US_PER_DAY for fall in falls] == [2, 5, 0]
    assert len(split_drawdowns(record, np.zeros(6), most=1)) == 1


def test_the_first_of_them_is_the_deepest_drawdown_of_the_measures() -> None:
    for seed in range(20):
        record = made(np.random.default_rng(seed).normal(0.0, 0.02, 200).tolist())
        deepest, fall = deepest_drawdown(record.net_return), split_drawdowns(record, np.zeros(200))[0]
        assert deepest is not None
        assert fall.depth == pytest.approx(deepest.depth)
        assert (fall.from_us // US_PER_DAY, fall.to_us // US_PER_DAY) == (deepest.peak + 1, deepest.trough)


def test_a_record_that_only_rises_has_none_and_other_days_are_refused() -> None:
    assert split_drawdowns(made([0.1, 0.1]), np.zeros(2)) == ()
    with pytest.raises(Refused, match="beta PnL of 2 days"):
        split_drawdowns(made([0.1, 0.1]), np.zeros(3))
