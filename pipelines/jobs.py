"""The daily reallocation: one job over the line, at 00:30 UTC. The lake's care, on Sundays."""

import dagster as dg

from assets import LINE
from assets.lake_care import lake_care

reallocation_job = dg.define_asset_job(
    "reallocation",
    selection=dg.AssetSelection.assets(*LINE),
    description="One cycle, from data to signed limits. A partition is a cycle: all data closed by its midnight UTC.",
)

reallocation_schedule = dg.build_schedule_from_partitioned_job(
    reallocation_job,
    name="daily_reallocation",
    hour_of_day=0,
    minute_of_hour=30,
    description="00:30 UTC on the day of the cycle.",
)

care_job = dg.define_asset_job(
    "care_for_the_lake",
    selection=dg.AssetSelection.assets(lake_care),
    description="Check every rule of the lake, then merge its small files.",
)

care_schedule = dg.ScheduleDefinition(
    name="weekly_care",
    job=care_job,
    cron_schedule="0 3 * * 0",
    execution_timezone="UTC",
    description="03:00 UTC on Sundays.",
)
