"""The stored Dagster instance of a home: runs from the command line and from the UI meet here."""

import os
from pathlib import Path

import dagster as dg

from durable.files import write_durably

LOCATION = "factory"
REPOSITORY_TAG = {".dagster/repository": f"__repository__@{LOCATION}"}
"""Without it a run made in-process is not listed on its job's page."""

_SETTINGS = b"""telemetry:
  enabled: false
nux:
  enabled: false
run_monitoring:
  enabled: true
freshness:
  enabled: true
"""


def prepare_instance_folder(folder: Path) -> Path:
    """The folder with its `dagster.yaml`, made where it was missing; DAGSTER_HOME names it from now on."""
    settings = folder / "dagster.yaml"
    if not settings.exists():
        write_durably(settings, _SETTINGS)
    os.environ["DAGSTER_HOME"] = str(folder)
    return folder


def open_instance(folder: Path) -> dg.DagsterInstance:
    """The instance stored in a folder."""
    return dg.DagsterInstance.from_config(str(prepare_instance_folder(folder)))


def reap_killed_runs(instance: dg.DagsterInstance) -> int:
    """Mark as failed the in-process runs that a killed process left as started; the caller holds the home's lock.

    Returns how many there were.
    """
    started = instance.get_runs(
        filters=dg.RunsFilter(statuses=[dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.STARTING], tags=IN_PROCESS_TAG)
    )
    for run in started:
        instance.report_run_failed(
            run, "The process of this run ended before the run did. Run the cycle again: nothing is done twice."
        )
    return len(started)


IN_PROCESS_TAG = {"factory/started_by": "command line"}
