"""The sensor on the inbox: a run for each delivery, once."""

from collections.abc import Iterator

import dagster as dg

from assets.inbox import inbox
from assets.resources import Factory
from steps.inbox import waiting

inbox_job = dg.define_asset_job(
    "ingest_inbox", selection=dg.AssetSelection.assets(inbox), description="Take one folder of the inbox into the lake."
)


@dg.sensor(
    job=inbox_job,
    minimum_interval_seconds=30,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Looks for folders with a delivery.yaml in the home's inbox.",
)
def inbox_sensor(factory: Factory) -> Iterator[dg.RunRequest]:
    for folder, key in waiting(factory.home_of).items():
        yield dg.RunRequest(run_key=key, run_config={"ops": {"inbox": {"config": {"folder": folder}}}})
