"""What `workspace.yaml` loads: the line's assets, its jobs, its schedule, the inbox sensor."""

import os

from pipelines.environment import prepare

prepare()

import dagster as dg  # noqa: E402 - the environment must stand before numpy is imported

from assets import ALL_ASSETS  # noqa: E402
from assets.resources import Factory  # noqa: E402
from pipelines.inbox import inbox_job, inbox_sensor  # noqa: E402
from pipelines.jobs import reallocation_job, reallocation_schedule  # noqa: E402
from steps.home import DEFAULT_HOME  # noqa: E402

defs = dg.Definitions(
    assets=ALL_ASSETS,
    jobs=[reallocation_job, inbox_job],
    schedules=[reallocation_schedule],
    sensors=[inbox_sensor],
    executor=dg.in_process_executor,
    resources={
        "factory": Factory(
            home=os.environ.get("FACTORY_HOME", str(DEFAULT_HOME)),
            data=[folder for folder in os.environ.get("FACTORY_DATA", "").split(os.pathsep) if folder],
            market=os.environ.get("FACTORY_MARKET"),
        )
    },
)
