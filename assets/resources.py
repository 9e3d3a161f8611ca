"""What a run is about, as a typed resource: the same fields whether the command line, the schedule or the UI starts it."""

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

import dagster as dg
from pydantic import Field

from domain.market import Market
from domain.times import Cycle
from steps.configuration import CONFIG
from steps.home import Home
from steps.ingest import market_of, parse_market
from steps.run import Run, Source


class Factory(dg.ConfigurableResource):  # type: ignore[type-arg]
    """The home, and the data of the run: folders of bars and funding, what the lake holds, or the laboratory."""

    home: str
    data: list[str] = Field(default_factory=list)
    market: str | None = None
    """As the files tell where it is not stated."""
    venue: str = "binance"
    from_lake: bool = False
    """Where no folder is given: decide on what feeds brought into the lake, of this venue and market."""
    deliver: bool = False
    pods: str = str(CONFIG / "pods.yaml")
    """Where the pods listen."""
    wait_s: float = 600.0
    """For whoever holds the home when a run begins, such as a feed that delivers."""

    @contextmanager
    def yield_for_execution(self, context: dg.InitResourceContext) -> Iterator["Factory"]:
        """Hold the home for as long as a run goes on; a sensor only looks, and holds nothing."""
        with self.home_of.locked(self.wait_s) if context.run else nullcontext():
            yield self

    @property
    def home_of(self) -> Home:
        return Home(Path(self.home))

    def run(self, cycle: str) -> Run:
        """The run of one cycle (a partition key)."""
        source = Source()
        if self.data:
            folders = tuple(Path(folder) for folder in self.data)
            source = Source(folders, market_of(folders, self.market), self.venue)
        elif self.from_lake:
            source = Source((), parse_market(self.market or Market.LINEAR.value), self.venue)
        return Run(self.home_of, Cycle.parse(cycle), source, self.deliver, Path(self.pods))


class FeedHome(dg.ConfigurableResource):  # type: ignore[type-arg]
    """The home that feeds deliver to and research reads. It is not held meanwhile: streams and sweeps may take hours."""

    home: str

    @property
    def home_of(self) -> Home:
        return Home(Path(self.home))
