"""The decided limits of a cycle, on disk between the steps that make, test and sign them."""

from dataclasses import asdict
from typing import Any

from allocation.capacity import Bound
from allocation.request import Allocation, PodLimit
from domain.tiers import Standing
from steps.artefacts import load_json, save_json
from steps.run import Run


def save_allocation(run: Run, allocation: Allocation) -> None:
    save_json(run, "allocation", _plain(asdict(allocation)))


def load_limits(run: Run) -> tuple[PodLimit, ...]:
    """The limits of every pod, by name."""
    return tuple(_limit(row) for row in load_json(run, "allocation")["limits"])


def _limit(row: dict[str, Any]) -> PodLimit:
    bounds = tuple(Bound(item["name"], float("inf") if item["usd"] is None else item["usd"]) for item in row["bounds"])
    return PodLimit(**{**row, "standing": Standing(row["standing"]), "bounds": bounds})


def _plain(value: Any) -> Any:
    """Standings as their text, tuples as lists; the rest as it is."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value
