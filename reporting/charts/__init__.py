"""The plots of the pages as inline SVG. Colour never stands alone: every mark has a label, a sign or a legend."""

from reporting.charts.book import correlation_map, intervals, limit_bars
from reporting.charts.costs import capacity_curves, component_order, shortfall_waterfall
from reporting.charts.history import alpha_and_beta_by_month, alpha_and_beta_by_pod, equity_and_underwater
from reporting.charts.returns import exposure_and_turnover, fan_of_paths, return_by_component, rolling_figures
from reporting.charts.signal import coefficients, decay, quantile_returns
from reporting.charts.validation import cross_validated_paths, in_and_out, parameter_surface

__all__ = [
    "alpha_and_beta_by_month",
    "alpha_and_beta_by_pod",
    "capacity_curves",
    "coefficients",
    "component_order",
    "correlation_map",
    "cross_validated_paths",
    "decay",
    "equity_and_underwater",
    "exposure_and_turnover",
    "fan_of_paths",
    "in_and_out",
    "intervals",
    "limit_bars",
    "parameter_surface",
    "quantile_returns",
    "return_by_component",
    "rolling_figures",
    "shortfall_waterfall",
]
