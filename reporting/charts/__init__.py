"""The plots of both pages as inline SVG. Colour never stands alone: every mark has a label, a sign or a legend."""

from reporting.charts.book import correlation_map, intervals, limit_bars
from reporting.charts.costs import capacity_curves, component_order, shortfall_waterfall
from reporting.charts.history import alpha_and_beta_by_month, alpha_and_beta_by_pod, equity_and_underwater

__all__ = [
    "alpha_and_beta_by_month",
    "alpha_and_beta_by_pod",
    "capacity_curves",
    "component_order",
    "correlation_map",
    "equity_and_underwater",
    "intervals",
    "limit_bars",
    "shortfall_waterfall",
]
