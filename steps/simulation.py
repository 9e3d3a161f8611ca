"""The laboratory's market of a cycle, generated once in a process."""

from functools import lru_cache

from domain.times import Cycle
from laboratory.market import SimulatedMarket, generate
from laboratory.settings import LaboratorySettings
from steps.configuration import CONFIG, load


def laboratory_settings() -> LaboratorySettings:
    return load(CONFIG / "laboratory.yaml", LaboratorySettings)


@lru_cache(maxsize=1)
def simulated_market(cycle: Cycle) -> SimulatedMarket:
    """The seed of `config/laboratory.yaml`, up to the cycle's midnight."""
    settings = laboratory_settings()
    return generate(settings.seed, cycle.closes_us, settings)
