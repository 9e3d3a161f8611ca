"""The record of trials: each configuration is written to the log before its result is seen, and counted by families."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from domain.canonical import digest
from domain.market import SIMULATED_VENUE
from domain.strategy import Parameter
from ledger.log import Log
from measures.effective_trials import effective_count
from measures.trial_families import family_of
from steps.as_of_view import DataView
from steps.desk import load_desk
from steps.home import Home
from steps.roster import Member
from steps.trial_returns import TrialReturns, load_returns, returns_matrix
from steps.trust import open_log

TRIAL = "trial"
CLAIM = "claim"
"""The log's word for what an author expects of a package, and what was tried of it elsewhere, stated before its first result."""
NO_CLAIM = "no claim stated"


@dataclass(frozen=True)
class Behind:
    """What stands behind one strategy: the N of its deflated Sharpe ratio. Nothing that a caller says makes it smaller."""

    unique: int
    """Distinct trials on record in its family: its own, those of the same code, and those with correlated returns, closed."""
    elsewhere: int
    """Declared by the authors in the family as tried before the record began; of each name the most that it ever declared."""
    effective: float
    """Independent ones among them, by effective rank; those without returns, and those elsewhere, count whole."""
    strategies: tuple[str, ...]
    """Names in the family."""

    @property
    def n(self) -> int:
        return self.unique + self.elsewhere


def sample_of(view: DataView) -> dict[str, Any]:
    """What a trial was tried on. A later end is the same sample grown by a day, so that a scheduled run is not a new trial."""
    return {"venue": view.venue, "market": view.market.value, "interval_us": view.interval_us}


def trial_body(member: Member, parameters: Mapping[str, Parameter], view: DataView) -> dict[str, Any]:
    """A trial is a unique (code, parameters, universe, sample)."""
    universe = view.symbols if member.manifest.universe == "all" else member.manifest.universe
    return {
        "strategy": member.manifest.name,
        "code": member.code,
        "parameters": {name: parameters[name] for name in sorted(parameters)},
        "universe": sorted(universe),
        "sample": sample_of(view),
    }


def trial_keys(member: Member, configurations: Iterable[Mapping[str, Parameter]], view: DataView) -> list[str]:
    """The digest that each trial is known by."""
    return [digest(trial_body(member, one, view)) for one in configurations]


def claim_body(member: Member, hypothesis: str | None = None) -> dict[str, Any]:
    """What is expected of a package, in the words of whoever tries it, else of its manifest."""
    return {
        "strategy": member.manifest.name,
        "code": member.code,
        "authors": list(member.manifest.authors),
        "hypothesis": hypothesis or member.manifest.hypothesis or NO_CLAIM,
        "elsewhere": member.manifest.trials_elsewhere,
    }


def record_trials(log: Log, members: Iterable[Member], view: DataView) -> None:
    """Write the claim and every configuration of every member to the log; those already there stay as they are."""
    log.append_many(
        [
            entry
            for member in members
            for entry in (
                (CLAIM, claim_body(member)),
                *((TRIAL, trial_body(member, parameters, view)) for parameters in member.configurations()),
            )
        ]
    )


class DeskTrials:
    """Every trial of the desk on one side, the laboratory's or the real one, with the returns that are known."""

    def __init__(
        self,
        bodies: Sequence[Mapping[str, Any]],
        held: Mapping[str, TrialReturns],
        elsewhere: Mapping[str, int],
        threshold: float,
    ) -> None:
        self._threshold, self._elsewhere = threshold, elsewhere
        self._names = np.array([body["strategy"] for body in bodies], dtype=object)
        self._codes = np.array([body["code"] for body in bodies], dtype=object)
        self._returns = returns_matrix([digest(body) for body in bodies], held)

    @classmethod
    def on_record(cls, home: Home, view: DataView, evaluated: Mapping[str, TrialReturns] | None = None) -> "DeskTrials":
        """As the home's log has them, with returns up to the end of the view; `evaluated` just now go before those kept."""
        log, simulated = open_log(home), _simulated_view(view)
        elsewhere: dict[str, int] = {}
        for entry in log.entries(CLAIM):
            name = entry.body["strategy"]
            elsewhere[name] = max(elsewhere.get(name, 0), entry.body["elsewhere"])
        bodies = [entry.body for entry in log.entries(TRIAL) if _simulated(entry.body) == simulated]
        held = {**load_returns(home, simulated=simulated, end_us=view.end_us), **(evaluated or {})}
        return cls(bodies, held, elsewhere, load_desk(simulated).cluster_correlation)

    def behind(self, member: Member) -> Behind:
        """The family of a member and its size; at least the trial that is being asked about."""
        name = member.manifest.name
        seed = np.asarray((self._names == name) | (self._codes == member.code), dtype=np.bool_)
        family = family_of(seed, [_numbered(self._names), _numbered(self._codes)], self._returns, self._threshold)
        names = tuple(sorted({name, *self._names[family]}))
        declared = {**self._elsewhere, name: max(self._elsewhere.get(name, 0), member.manifest.trials_elsewhere)}
        elsewhere = sum(declared.get(one, 0) for one in names)
        unique = max(1, int(family.sum()))
        effective = effective_count(self._returns[:, family]) if family.any() else 1.0
        return Behind(unique, elsewhere, max(1.0, min(float(unique), effective)) + elsewhere, names)


def _numbered(labels: Iterable[str]) -> Any:
    numbers: dict[str, int] = {}
    return np.array([numbers.setdefault(label, len(numbers)) for label in labels], dtype=np.int64)


def _simulated(body: Mapping[str, Any]) -> bool:
    return bool(body["sample"]["venue"] == SIMULATED_VENUE)


def _simulated_view(view: DataView) -> bool:
    return view.venue == SIMULATED_VENUE
