"""The daily report of a cycle whose data is red: written where the line stops, so that every way of running it says the same."""

from domain.times import Cycle
from durable.files import write_durably
from ledger.log import Log
from reporting.data import StepSeconds
from reporting.stopped import StandingDocument, StoppedReport, render_stopped
from steps.allocation_documents import ALLOCATION
from steps.report_parts import mode_of, replay_command, table_qualities
from steps.run import Run
from steps.timings import seconds_by_step
from steps.trust import open_log


def write_stopped_report(run: Run) -> None:
    """Write the page over the cycle's daily report. Raises Refused where ingest or validate has not run."""
    page = render_stopped(stopped_report(run))
    write_durably(run.home.reports(run.cycle) / "index.html", page.encode())


def stopped_report(run: Run) -> StoppedReport:
    seconds = {step: seconds for step, seconds in seconds_by_step(run).items() if step == "ingest"}
    return StoppedReport(
        cycle=run.cycle.label,
        decided_us=run.cycle.issued_us,
        mode=mode_of(run),
        quality=table_qualities(run),
        standing=standing_documents(run, open_log(run.home)),
        seconds=tuple(StepSeconds(step=step, seconds=value) for step, value in seconds.items()),
        replay=replay_command(run),
    )


def standing_documents(run: Run, log: Log) -> tuple[StandingDocument, ...]:
    """Each pod's newest document of this cycle or an earlier one, simulated or not like this run, by pod."""
    newest: dict[str, dict[str, object]] = {}
    for entry in log.entries(ALLOCATION):
        body = entry.body
        if body["cycle"] > run.cycle.label or body["simulated"] != run.source.simulated:
            continue
        held = newest.get(body["pod"])
        if held is None or (held["cycle"], held["revision"]) <= (body["cycle"], body["revision"]):
            newest[body["pod"]] = body
    return tuple(_standing(newest[pod]) for pod in sorted(newest))


def _standing(body: dict[str, object]) -> StandingDocument:
    return StandingDocument(
        pod=str(body["pod"]),
        cycle=str(body["cycle"]),
        tier=str(body["tier"]),
        limit_usd=int(str(body["max_gross_usd_cents"])) / 100,
        expires_us=Cycle.parse(str(body["cycle"])).expires_us,
    )
