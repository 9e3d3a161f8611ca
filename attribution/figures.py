"""Attribution as figures of evidence."""

import math

from attribution.alpha_beta import Attribution
from attribution.fill_style import FillStyle
from attribution.shortfall_report import ShortfallReport
from domain.evidence import Figure
from measures.undefined import Undefined

FRACTION, RATIO, BPS = "fraction", "1", "bp of decision notional"


def attribution_figures(found: Attribution | Undefined, benchmarks: tuple[str, ...]) -> dict[str, Figure]:
    """alpha_annual, alpha_t, beta_<benchmark>, r_squared, recent_alpha_t, decay_z; names such as ("btc", "eth")."""
    betas = tuple(f"beta_{name}" for name in benchmarks)
    if isinstance(found, Undefined):
        units = {"alpha_annual": FRACTION, "alpha_t": RATIO, **dict.fromkeys(betas, RATIO), "r_squared": FRACTION}
        units |= {"recent_alpha_t": RATIO, "decay_z": RATIO}
        return {name: Figure(value=None, unit=unit, note=found.reason) for name, unit in units.items()}
    figures = {
        "alpha_annual": _figure(
            found.alpha_annual, FRACTION, found.days, low=found.alpha_annual_low, high=found.alpha_annual_high
        ),
        "alpha_t": _figure(found.alpha_t, RATIO, found.days),
        "r_squared": _figure(found.r_squared, FRACTION, found.days),
        "recent_alpha_t": _figure(found.recent_alpha_t, RATIO, found.days),
        "decay_z": _figure(found.decay_z, RATIO, found.days),
    }
    for name, beta, low, high in zip(betas, found.beta, found.beta_low, found.beta_high, strict=True):
        figures[name] = _figure(float(beta), RATIO, found.days, low=float(low), high=float(high))
    return figures


def shortfall_figures(found: ShortfallReport | Undefined) -> dict[str, Figure]:
    """shortfall_bps."""
    if isinstance(found, Undefined):
        return {"shortfall_bps": Figure(value=None, unit=BPS, note=found.reason)}
    note = f"orders on {found.n_days} days"
    figure = Figure(value=found.mean_bps, unit=BPS, low=found.low_bps, high=found.high_bps, n=found.n_orders, note=note)
    return {"shortfall_bps": figure}


def fill_style_figures(found: FillStyle | Undefined) -> dict[str, Figure]:
    """maker_share."""
    if isinstance(found, Undefined):
        return {"maker_share": Figure(value=None, unit=FRACTION, note=found.reason)}
    return {"maker_share": Figure(value=found.maker_share, unit=FRACTION, low=found.low, high=found.high, n=found.n_orders)}


def _figure(value: float | Undefined, unit: str, n: int, *, low: float | None = None, high: float | None = None) -> Figure:
    if isinstance(value, Undefined):
        return Figure(value=None, unit=unit, n=n, note=value.reason)
    if not math.isfinite(value):
        return Figure(value=None, unit=unit, n=n, note="returns are an exact multiple of the benchmarks: no error to divide by")
    return Figure(value=value, unit=unit, low=_finite(low), high=_finite(high), n=n)


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None
