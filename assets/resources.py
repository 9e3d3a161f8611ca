"""What a run is about, as a typed resource: the same fields whether the command line, the schedule or the UI starts it."""

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

import dagster as dg
from pydantic import Field

from domain.times import Cycle
from steps.configuration import CONFIG
from steps.home import Home
from steps.ingest import market_of
from steps.run import Run, Source


class Factory(dg.ConfigurableResource):  # type: ignore[type-arg]
    """The home, and the data of the run: folders of bars and funding, or the laboratory where there are none."""

    home: str
    data: list[str] = Field(default_factory=list)
    market: str | None = None
    """As the files tell where it is not stated."""
    venue: str = "binance"
    deliver: bool = False
    pods: str = str(CONFIG / "pods.yaml")
    """Where the pods listen."""

    @contextmanager
    def yield_for_execution(self, context: dg.InitResourceContext) -> Iterator["Factory"]:
        """Hold the home for as long as a run goes on; a sensor only looks, and holds nothing."""
        with self.home_of.locked() if context.run else nullcontext():
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
        return Run(self.home_of, Cycle.parse(cycle), source, self.deliver, Path(self.pods))
