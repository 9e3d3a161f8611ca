"""All of `config/` is read before a run starts: a typing error costs no backtests."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

from allocation.desk import Desks
from backtest.costs import CostModel
from backtest.robustness.crises import Crises
from data_lake.feeds.declaration import load_feeds
from data_lake.formats_declared import load_formats
from data_lake.instruments import load_instruments
from data_lake.quality_rules import load_rules
from data_lake.stablecoins import load_stablecoins
from laboratory.settings import LaboratorySettings
from promotion_gates.policy import Policy
from steps.configuration import CONFIG, load
from steps.deliver import PodAddresses

READERS: dict[str, Callable[[Path], object]] = {
    "costs.yaml": partial(load, model=CostModel),
    "crises.yaml": partial(load, model=Crises),
    "desk.yaml": partial(load, model=Desks),
    "feeds.yaml": load_feeds,
    "formats.yaml": load_formats,
    "instruments.yaml": load_instruments,
    "laboratory.yaml": partial(load, model=LaboratorySettings),
    "pods.yaml": partial(load, model=PodAddresses),
    "policy.yaml": partial(load, model=Policy),
    "quality.yaml": load_rules,
    "stablecoins.yaml": load_stablecoins,
}


def check_configuration() -> None:
    """Raises Refused, naming file and key, where a file of `config/` is missing or does not fit its model."""
    for name, read in READERS.items():
        read(CONFIG / name)
