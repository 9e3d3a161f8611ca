"""All of `config/` is read before a run starts: a typing error costs no backtests."""

from allocation.desk import Desks
from backtest.costs import CostModel
from data_lake.feeds.declaration import load_feeds
from data_lake.formats_declared import load_formats
from data_lake.instruments import load_instruments
from laboratory.settings import LaboratorySettings
from promotion_gates.policy import Policy
from steps.configuration import CONFIG, load
from steps.deliver import PodAddresses
from steps.validate import QualityRules

MODELS = {
    "costs.yaml": CostModel,
    "desk.yaml": Desks,
    "laboratory.yaml": LaboratorySettings,
    "pods.yaml": PodAddresses,
    "policy.yaml": Policy,
    "quality.yaml": QualityRules,
}


def check_configuration() -> None:
    """Raises Refused, naming file and key, where a file of `config/` is missing or does not fit its model."""
    for name, model in MODELS.items():
        load(CONFIG / name, model)
    load_instruments(CONFIG / "instruments.yaml")
    load_formats(CONFIG / "formats.yaml")
    load_feeds(CONFIG / "feeds.yaml")
