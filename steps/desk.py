"""The desk of a run: the real one, or the laboratory's."""

from functools import lru_cache

from allocation.desk import Desk, Desks
from domain.tiers import Tier
from steps.configuration import CONFIG, load


@lru_cache(maxsize=2)
def load_desk(simulated: bool) -> Desk:
    """From `config/desk.yaml`."""
    desks = load(CONFIG / "desk.yaml", Desks)
    return desks.laboratory if simulated else desks.desk


def first_rung(desk: Desk) -> Tier:
    """The tier above learning capital; its cap is the capital that backtests assume, so that costs are those of a promotion."""
    return desk.ladder.tiers[1]
