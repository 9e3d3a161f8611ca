"""The record of trials: each configuration is written to the log before its result is seen."""

from collections.abc import Iterable
from typing import Any

from domain.strategy import Parameter
from ledger.log import Log
from steps.as_of_view import DataView
from steps.roster import Member

TRIAL = "trial"


def sample_of(view: DataView) -> dict[str, Any]:
    """What a trial was tried on. A later end is the same sample grown by a day, so that a scheduled run is not a new trial."""
    return {"venue": view.venue, "market": view.market.value, "interval_us": view.interval_us}


def trial_body(member: Member, parameters: dict[str, Parameter], view: DataView) -> dict[str, Any]:
    """A trial is a unique (code, parameters, universe, sample)."""
    universe = view.symbols if member.manifest.universe == "all" else member.manifest.universe
    return {
        "strategy": member.manifest.name,
        "code": member.code,
        "parameters": {name: parameters[name] for name in sorted(parameters)},
        "universe": sorted(universe),
        "sample": sample_of(view),
    }


def record_trials(log: Log, members: Iterable[Member], view: DataView) -> None:
    """Write every configuration of every member to the log; those already there stay as they are."""
    log.append_many(
        [(TRIAL, trial_body(member, parameters, view)) for member in members for parameters in member.configurations()]
    )


def count_trials(log: Log, view: DataView) -> dict[str, int]:
    """Distinct trials on record by strategy, on the view's venue; with those made elsewhere it is the N of the DSR."""
    counts: dict[str, int] = {}
    for entry in log.entries(TRIAL):
        if entry.body["sample"]["venue"] == view.venue:
            counts[entry.body["strategy"]] = counts.get(entry.body["strategy"], 0) + 1
    return counts
