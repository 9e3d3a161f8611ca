"""No package of this desk knows what comes later, in any of its configurations."""

import pytest

from backtest.leakage import fuzz
from domain.arrays import FloatArray
from domain.strategy import Parameter, View
from model_runtime.predictions import predict
from tests.unit.strategies.test_packages import NAMES, market, package

VARIANTS = [(name, parameters) for name in NAMES for parameters in package(name).manifest.configurations()]
FULL_VARIANTS_MIN = 50


def alarms(name: str, parameters: dict[str, Parameter], seed: int) -> tuple[object, ...]:
    loaded = package(name)

    def ask(view: View) -> FloatArray:
        return predict(loaded, view)

    report = fuzz(ask, market(params=parameters), lookback_bars=loaded.manifest.lookback_bars, seed=seed)
    assert report.moments >= 2
    assert report.refusals == {}
    return (*report.leaks, *report.disagreements)


def test_no_configuration_raises_an_alarm() -> None:
    assert len(VARIANTS) >= FULL_VARIANTS_MIN
    assert alarming(seeds=(1,)) == {}


@pytest.mark.soak
def test_no_configuration_raises_an_alarm_whatever_the_seed() -> None:
    assert alarming(seeds=tuple(range(2, 22))) == {}


def alarming(seeds: tuple[int, ...]) -> dict[str, tuple[object, ...]]:
    found = {f"{name} {parameters} {seed}": alarms(name, parameters, seed) for name, parameters in VARIANTS for seed in seeds}
    return {variant: alarm for variant, alarm in found.items() if alarm}
