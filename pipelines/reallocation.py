"""`factory run`: the asset graph, materialised in this process on the home's stored instance."""

import sys
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from domain.errors import Refused, Unreachable
from domain.market import SIMULATED_VENUE, Market
from domain.times import Cycle
from pipelines.answers import columns
from steps.check_configuration import check_configuration
from steps.configuration import CONFIG
from steps.deliver import APPLIED, REFUSED, UNREACHABLE, load_addresses
from steps.home import DEFAULT_HOME, Home
from steps.ingest import last_cycle, last_cycle_in_lake, market_of, parse_market
from steps.run import Run, Source
from steps.summary import summarise
from steps.timings import seconds_by_step

QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
"""Events go to the stored instance; the terminal shows one line for each step."""


@dataclass(frozen=True)
class Reallocation:
    """What a run decided and where it lies."""

    summary: dict[str, Any]
    seconds: dict[str, float]

    @property
    def as_json(self) -> dict[str, Any]:
        return {**self.summary, "seconds": self.seconds}

    def raise_for_pods(self) -> None:
        """Raises Refused where a pod refused its document, Unreachable where all of them kept silent."""
        deliveries = self.summary["deliveries"]
        answers = {row["answer"] for row in deliveries}
        missed = "; ".join(f"{row['pod']}: {row['reason']}" for row in deliveries if row["answer"] != APPLIED)
        if REFUSED in answers:
            raise Refused(f"the run is done, and not every pod took its document: {missed}")
        if answers == {UNREACHABLE}:
            raise Unreachable(f"the run is done, and no pod took its document: {missed}")

    def sentences(self) -> str:
        rows = [["pod", "tier", "max gross USD", "binding constraint"]]
        for row in self.summary["allocations"]:
            rows.append([row["pod"], row["tier"], f"{row['max_gross_usd_cents'] / 100:,.0f}", row["binding"]])
        label = "SIMULATED " if self.summary["simulated"] else ""
        refused = [f"refused      {pod}: {why}" for pod, why in self.summary["refused"].items()]
        delivered = [f"delivery     {row['pod']}: {row['answer']} {row['reason']}".rstrip() for row in self.summary["deliveries"]]
        return "\n".join(
            [
                f"{label}cycle {self.summary['cycle']}, data to {self.summary['data_to']}, digest {self.summary['digest']}",
                "",
                columns(rows, frozenset({2})),
                "",
                *refused,
                *delivered,
                f"report       {self.summary['report']}",
                f"documents    {self.summary['documents']}",
                f"time         {self.seconds['total']:.1f} s, of which Dagster {self.seconds['dagster']:.1f} s",
                "look         make ui, then http://localhost:3000",
            ]
        )


def reallocate(
    home_path: Path | None,
    data: tuple[Path, ...],
    cycle_label: str | None,
    market: str | None,
    venue: str,
    deliver: bool = False,
    pods: Path | None = None,
    from_lake: bool = False,
) -> Reallocation:
    """Run the line for one cycle. Raises Refused with the sentence of the step that refused, Unreachable likewise."""
    started = time.perf_counter()
    check_configuration()
    home = Home((home_path or DEFAULT_HOME).resolve())
    source = _source(data, market, venue, from_lake)
    run = Run(home, _cycle(home, cycle_label, source), source, deliver, (pods or CONFIG / "pods.yaml").resolve())
    if deliver:
        load_addresses(run)
    with home.locked():
        _materialise(run)
    seconds = seconds_by_step(run)
    total = time.perf_counter() - started
    seconds = {**seconds, "dagster": round(total - sum(seconds.values()), 3), "total": round(total, 3)}
    return Reallocation(summarise(run), seconds)


def _source(data: tuple[Path, ...], market: str | None, venue: str, from_lake: bool) -> Source:
    if data and from_lake:
        raise Refused("expected --data or --from-lake, got both: --from-lake takes nothing but what the lake holds")
    if from_lake and venue != SIMULATED_VENUE:
        return Source((), parse_market(market or Market.LINEAR.value), venue)
    if not data:
        return Source()
    folders = tuple(folder.resolve() for folder in data)
    for folder in folders:
        if not folder.exists():
            raise Refused(f"expected a folder of bars or funding at {folder}: there is none; correct --data")
    if venue == SIMULATED_VENUE:
        raise Refused(f"the venue {SIMULATED_VENUE!r} is the laboratory's: give --venue the name of where the data comes from")
    return Source(folders, market_of(folders, market), venue)


def _cycle(home: Home, label: str | None, source: Source) -> Cycle:
    if label is not None:
        return Cycle.parse(label)
    if source.simulated:
        return Cycle(datetime.now(UTC).date())
    if source.from_lake:
        return last_cycle_in_lake(home, source.venue, source.market)
    return last_cycle(source.folders)


def _materialise(run: Run) -> None:
    import dagster as dg

    from assets.partitions import CYCLES
    from pipelines.definitions import defs
    from pipelines.instance import IN_PROCESS_TAG, REPOSITORY_TAG, open_instance, reap_killed_runs
    from pipelines.progress import show_progress

    if not CYCLES.has_partition_key(run.cycle.label):
        raise Refused(
            f"expected a cycle from {CYCLES.get_first_partition_key()} to {CYCLES.get_last_partition_key()} (today, UTC), "
            f"got {run.cycle.label}: a cycle uses data closed by its midnight"
        )
    with open_instance(run.home.dagster) as instance:
        reap_killed_runs(instance)
        with show_progress(sys.stderr):
            result = defs.resolve_job_def("reallocation").execute_in_process(
                instance=instance,
                partition_key=run.cycle.label,
                resources={"factory": _resource(run)},
                run_config=QUIET,
                tags={**REPOSITORY_TAG, **IN_PROCESS_TAG},
                raise_on_error=False,
            )
    if not result.success:
        raise _failure(result, dg)


def _resource(run: Run) -> Any:
    from assets.resources import Factory

    return Factory(
        home=str(run.home.root),
        data=[str(folder) for folder in run.source.folders],
        market=run.source.market.value,
        venue=run.source.venue,
        from_lake=run.source.from_lake,
        deliver=run.deliver,
        pods=str(run.pods),
    )


def _failure(result: Any, dg: Any) -> Exception:
    """What stopped the line, as the house's own error: a blocking check, a step's refusal; anything unexpected as it came."""
    for event in result.all_events:
        if event.event_type is dg.DagsterEventType.ASSET_CHECK_EVALUATION:
            check = event.asset_check_evaluation_data
            if not check.passed and check.severity is dg.AssetCheckSeverity.ERROR:
                return Refused(f"step {check.asset_key.to_user_string()}: {check.check_name}: {check.description}")
        if event.event_type is dg.DagsterEventType.STEP_FAILURE:
            error = event.step_failure_data.error
            cause = error.cause or error
            text = cause.message.split(": ", 1)[-1].strip()
            kinds = {"Refused": Refused, "RolledBack": Refused, "Expired": Refused, "Unreachable": Unreachable}
            known = kinds.get(str(cause.cls_name))
            return known(f"step {event.step_key}: {text}") if known else RuntimeError(error.to_string())
    return RuntimeError("the run failed outside its steps: see it in the UI (`make ui`)")
