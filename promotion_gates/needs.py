"""What would turn a gate, in plain words."""

import math
from collections.abc import Mapping

from scipy.special import ndtri

from domain.evidence import Figure
from domain.times import DAYS_PER_YEAR
from measures.sharpe_inference import psr
from promotion_gates.policy import Gate

_SHARPE_ANNUAL_MAX = 100.0


def days_needed(gate: Gate, value: float, limit: float, days: int) -> float:
    """Days at which the statistic reaches its limit if things go on as they went; infinite where they point the wrong way.

    Both grow with the root of time: a t-statistic itself, a probability through its normal quantile, which for the
    probabilistic Sharpe ratio is the minimum track record length of Bailey & Lopez de Prado (2012).
    """
    if gate.statistic == "t":
        return days * (limit / value) ** 2 if value > 0 else math.inf
    quantile = float(ndtri(value))
    return 1 + (days - 1) * (float(ndtri(limit)) / quantile) ** 2 if quantile > 0 else math.inf


def more_days(gate: Gate, value: float, limit: float, days: int, figures: Mapping[str, Figure]) -> str:
    """How much longer at this rate, or how much better at this length."""
    needed = days_needed(gate, value, limit, days)
    longer = f"{math.ceil(needed - days):,} more days at this rate" if math.isfinite(needed) else "no number of days at this rate"
    if gate.statistic == "t":
        return f"{longer}, or a t-statistic of {limit:g} at this length"
    sharpe = sharpe_needed(gate, limit, days, figures)
    better = "" if sharpe is None else f", or a Sharpe ratio of {sharpe:.1f} a year at this length"
    number = figures.get("trials")
    trials = f" and {number.value:,.0f} trials" if gate.figure == "dsr" and number is not None and number.value else ""
    return f"{longer}{better}{trials if sharpe is not None else ''}"


def sharpe_needed(gate: Gate, limit: float, days: int, figures: Mapping[str, Figure]) -> float | None:
    """The annual Sharpe ratio at which the probability reaches its limit with this length, skew and kurtosis (2012 form)."""
    skew, kurtosis = _value(figures, "skew"), _value(figures, "kurtosis")
    bar = _value(figures, "dsr_benchmark_annual") if gate.figure == "dsr" else 0.0
    if skew is None or kurtosis is None or bar is None:
        return None
    root = math.sqrt(DAYS_PER_YEAR)
    low, high = bar / root, _SHARPE_ANNUAL_MAX / root
    for _ in range(100):
        middle = (low + high) / 2
        reached = psr(middle, bar / root, days, skew, kurtosis)
        if reached is None:
            return None
        low, high = (low, middle) if reached >= limit else (middle, high)
    # Shown to one decimal, rounded up: what is asked for must be enough.
    annual = math.ceil(high * root * 10 - 1e-9) / 10
    return annual if annual < _SHARPE_ANNUAL_MAX else None


def threshold_words(gate: Gate, observed: float, limit: float) -> str:
    """What the figure would have to be."""
    if gate.threshold == "tier_cap":
        return f"a limit of at most {observed / gate.multiplier:,.0f} USD"
    direction = "at least" if gate.comparison == ">=" else "at most"
    end = {"point": "", "low": " at the lower end of its interval", "high": " at the upper end of its interval"}[gate.interval]
    size = " in size" if gate.absolute else ""
    name = gate.figure.replace("_", " ")
    return f"{name}{size} of {direction} {with_unit(limit, gate.unit)}{end}; it is {with_unit(observed, gate.unit)}"


def with_unit(value: float, unit: str) -> str:
    """A number as a reader wants it: four digits, thousands apart, the unit behind unless it is a bare number."""
    if unit == "fraction":
        return f"{100 * value:.4g} %"
    shown = f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"
    return shown if unit in ("1", "") else f"{shown} {unit}"


def _value(figures: Mapping[str, Figure], name: str) -> float | None:
    figure = figures.get(name)
    return None if figure is None else figure.value
