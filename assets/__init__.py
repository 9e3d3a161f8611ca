"""Feeds, the line, and candidates of research as Dagster assets. The wiring is written here and nowhere else."""

import dagster as dg

from assets.candidates import CANDIDATE_ASSETS
from assets.capital import CAPITAL
from assets.data import DATA
from assets.decision import DECISION
from assets.feeds import FEEDS
from assets.inbox import inbox
from assets.lake_care import lake_care
from assets.research import RESEARCH

LINE: tuple[dg.AssetsDefinition, ...] = (*DATA, *RESEARCH, *DECISION, *CAPITAL)
"""In the order of the line."""

ALL_ASSETS: tuple[dg.AssetsDefinition, ...] = (*FEEDS, inbox, lake_care, *LINE, *CANDIDATE_ASSETS)
