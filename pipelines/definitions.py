"""What `workspace.yaml` loads: feeds and the line as assets, their jobs and schedules, the inbox sensor."""

import os

from pipelines.environment import prepare

prepare()

import dagster as dg  # noqa: E402 - the environment must stand before numpy is imported

from assets import ALL_ASSETS  # noqa: E402
from assets.feeds import CHECKS  # noqa: E402
from assets.resources import Factory, FeedHome  # noqa: E402
from pipelines.feeds import FEED_JOBS, FEED_SCHEDULES  # noqa: E402
from pipelines.inbox import inbox_job, inbox_sensor  # noqa: E402
from pipelines.jobs import care_job, care_schedule, reallocation_job, reallocation_schedule  # noqa: E402
from steps.home import DEFAULT_HOME  # noqa: E402

HOME = os.environ.get("FACTORY_HOME", str(DEFAULT_HOME))

defs = dg.Definitions(
    assets=ALL_ASSETS,
    asset_checks=CHECKS,
    jobs=[reallocation_job, care_job, inbox_job, *FEED_JOBS],
    schedules=[reallocation_schedule, care_schedule, *FEED_SCHEDULES],
    sensors=[inbox_sensor],
    executor=dg.in_process_executor,
    resources={
        "factory": Factory(
            home=HOME,
            data=[folder for folder in os.environ.get("FACTORY_DATA", "").split(os.pathsep) if folder],
            market=os.environ.get("FACTORY_MARKET"),
            from_lake=os.environ.get("FACTORY_FROM_LAKE") == "yes",
        ),
        "feed_home": FeedHome(home=HOME),
        "research_home": FeedHome(home=HOME),
    },
)
