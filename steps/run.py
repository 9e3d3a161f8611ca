"""What every step is told: which home, which cycle, which data. And what it answers."""

from dataclasses import dataclass, field
from pathlib import Path

from domain.market import SIMULATED_VENUE, Market
from domain.times import Cycle
from steps.configuration import CONFIG
from steps.home import Home

Fact = int | float | str


@dataclass(frozen=True)
class Source:
    """The data of a run: folders of real bars and funding, or what the lake holds of a real venue, or the laboratory."""

    folders: tuple[Path, ...] = ()
    market: Market = Market.LINEAR
    venue: str = SIMULATED_VENUE

    @property
    def simulated(self) -> bool:
        return self.venue == SIMULATED_VENUE

    @property
    def from_lake(self) -> bool:
        """Nothing is delivered by hand: feeds and the inbox have brought it."""
        return not self.folders and not self.simulated


@dataclass(frozen=True)
class Run:
    """One cycle of the line over one source in one home."""

    home: Home
    cycle: Cycle
    source: Source
    deliver: bool = False
    pods: Path = CONFIG / "pods.yaml"
    """Where the pods listen."""


@dataclass(frozen=True)
class Check:
    """One yes-or-no answer of a step; a blocking one that is not passed stops the line."""

    name: str
    passed: bool
    blocking: bool
    sentence: str
    facts: dict[str, Fact] = field(default_factory=dict)


@dataclass(frozen=True)
class StepResult:
    """What a step shows: one sentence, some facts, perhaps a table and a picture. What it made lies in the home."""

    headline: str
    facts: dict[str, Fact] = field(default_factory=dict)
    table: tuple[dict[str, Fact], ...] = ()
    picture_svg: str | None = None
    checks: tuple[Check, ...] = ()
