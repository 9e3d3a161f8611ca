"""From the view to evidence on each pod."""

from assets.line import line_asset
from steps.attribution import attribution
from steps.evidence import evidence
from steps.market_risk import market_risk
from steps.pod_returns import pod_returns

RESEARCH = (
    line_asset(market_risk, group="research", after=["as_of_view"], owner="team:risk"),
    line_asset(pod_returns, group="research", after=["market_risk"], owner="team:research"),
    line_asset(attribution, group="research", after=["pod_returns"], owner="team:research"),
    line_asset(evidence, group="research", after=["attribution", "market_risk"], owner="team:research"),
)
