"""From evidence to verdicts, tiers and limits. Gates warn here; they are enforced where a document is made."""

import dagster as dg

from assets.line import line_asset
from steps.covariance import covariance
from steps.gates import GATE_GROUPS, gates
from steps.optimise import optimise
from steps.stress_and_capacity import stress_and_capacity
from steps.tiers import tiers

DECISION = (
    line_asset(
        gates,
        group="decision",
        after=["evidence"],
        owner="team:risk",
        checks=[
            dg.AssetCheckSpec(f"gates_{group}", asset="gates", description=f"Which pods do not pass the {group} gates.")
            for group in GATE_GROUPS
        ],
    ),
    line_asset(tiers, group="decision", after=["gates"], owner="team:risk"),
    line_asset(covariance, group="decision", after=["pod_returns"], owner="team:risk"),
    line_asset(optimise, group="decision", after=["covariance", "tiers"], owner="team:risk"),
    line_asset(stress_and_capacity, group="decision", after=["optimise", "evidence"], owner="team:risk"),
)
