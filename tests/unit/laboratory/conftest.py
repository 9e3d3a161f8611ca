"""One market of the shipped settings, and a small one, for all tests of the laboratory."""

from pathlib import Path

import pytest
import yaml

from domain.times import Cycle
from laboratory.market import SimulatedMarket, generate
from laboratory.settings import LaboratorySettings

CONFIG = Path(__file__).parents[3] / "config" / "laboratory.yaml"
CLOSES_US = Cycle.parse("2026-11-20").closes_us


@pytest.fixture(scope="session")
def settings() -> LaboratorySettings:
    return LaboratorySettings.parse(yaml.safe_load(CONFIG.read_text(encoding="utf-8")), CONFIG.name)


@pytest.fixture(scope="session")
def market(settings: LaboratorySettings) -> SimulatedMarket:
    return generate(settings.seed, CLOSES_US, settings)


@pytest.fixture(scope="session")
def closes_us() -> int:
    return CLOSES_US
