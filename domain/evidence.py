"""Figures that gates judge, and the verdict they come to. All of it is JSON when written."""

from collections.abc import Mapping
from enum import StrEnum

from domain.model import Frozen


class Figure(Frozen):
    """One observed number with its unit; `value` None means undefined, and `note` says why."""

    value: float | None
    unit: str
    low: float | None = None
    """Lower end of the 95 % interval, where there is one."""
    high: float | None = None
    n: int | None = None
    """Observations behind it."""
    note: str = ""


class Evidence(Frozen):
    """Everything that a verdict on one pod may look at; its digest is over the canonical bytes of this."""

    pod: str
    strategy: str
    version: int
    authors: tuple[str, ...]
    description: str
    style: str
    package: str
    """Content digest of the strategy package, or of the stated return stream."""
    market: str
    venue: str
    simulated: bool
    live: bool
    """Whether a pod runs: execution and live latency are asked only of these."""
    selected: bool
    """Whether its configuration was chosen from a grid: PBO is asked only of these."""
    days: int
    first_day: str
    last_day: str
    figures: Mapping[str, Figure]
    """By name, for example `sharpe_annual`, `psr`, `dsr`, `pbo`, `max_drawdown`, `alpha_t`."""


class Outcome(StrEnum):
    PASS = "PASS"
    FAIL = "FAIL"
    INSUFFICIENT = "INSUFFICIENT"


class GateResult(Frozen):
    """One line of the scorecard; `margin` is positive on the good side, in the unit of the threshold."""

    gate: str
    group: str
    outcome: Outcome
    observed: float | None
    low: float | None
    high: float | None
    threshold: float | None
    comparison: str
    unit: str
    margin: float | None
    needs: str
    """What would turn it: so many more days, such a Sharpe ratio, such a limit; empty where it passes."""
    consequence: str
    """`hold` (no rise) or `retire` (zero), should it fail."""


class Verdict(Frozen):
    """The answer of one policy version to one piece of evidence for one tier; a pure function of the two."""

    pod: str
    tier: str
    """The tier asked for."""
    outcome: Outcome
    retire: bool
    reasons: tuple[str, ...]
    gates: tuple[GateResult, ...]
    policy_version: int
    policy_digest: str
    evidence_digest: str
