"""A cycle is a daily partition: data closed by its midnight, today's included."""

import dagster as dg

CYCLES = dg.DailyPartitionsDefinition(start_date="2018-01-01", timezone="UTC", end_offset=1)
