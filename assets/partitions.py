"""What runs are about: the cycles of the daily line, and the candidates of research."""

import dagster as dg

CYCLES = dg.DailyPartitionsDefinition(start_date="2018-01-01", timezone="UTC", end_offset=1)
"""A cycle is a daily partition: data closed by its midnight, today's included."""

CANDIDATES = dg.DynamicPartitionsDefinition(name="candidates")
"""A candidate is a submitted package, by its id; `factory submit` adds it."""
