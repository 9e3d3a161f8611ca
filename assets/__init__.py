"""Feeds, the line, and candidates of research as Dagster assets. The wiring is written here and nowhere else."""

import dagster as dg

from assets.candidates import CANDIDATE_ASSETS
from assets.capital import CAPITAL
from assets.data import DATA
from assets.decision import DECISION
from assets.feeds import FEEDS
from assets.inbox import inbox
from assets.research import RESEARCH

LINE: tuple[dg.AssetsDefinition, ...] = (*DATA, *RESEARCH, *DECISION, *CAPITAL)
"""In the order of the line."""

ALL_ASSETS: tuple[dg.AssetsDefinition, ...] = (*FEEDS, inbox, *LINE, *CANDIDATE_ASSETS)
