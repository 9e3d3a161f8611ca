"""What a live record adds to a deflated backtest: the posterior of the annual Sharpe ratio."""

import math
from dataclasses import dataclass

from scipy.special import ndtr

from domain.errors import Refused
from measures.intervals import normal_quantile


@dataclass(frozen=True)
class SharpePosterior:
    """Normal; annual."""

    mean: float
    sd: float

    @property
    def low(self) -> float:
        return self.mean - normal_quantile(0.95) * self.sd

    @property
    def high(self) -> float:
        return self.mean + normal_quantile(0.95) * self.sd

    @property
    def p_none(self) -> float:
        """P(Sharpe ratio <= 0)."""
        return float(ndtr(-self.mean / self.sd))


def prior_from_backtest(sharpe_annual: float, threshold_annual: float, years: float) -> SharpePosterior:
    """N(m0, s0^2): what is left of the backtest's Sharpe ratio above what its trials reach by luck, at least 0.

    The spread is the estimate's own, sqrt((1 + SR^2 / 2) / years), whether the backtest clears its bar or not.
    """
    if not years > 0:
        raise Refused(f"expected a backtest of positive length, got {years} years")
    return SharpePosterior(max(0.0, sharpe_annual - threshold_annual), math.sqrt((1.0 + sharpe_annual**2 / 2.0) / years))


def with_live_record(prior: SharpePosterior, sharpe_annual: float | None, years: float) -> SharpePosterior:
    """Precision-weighted with a live estimate of variance (1 + m^2 / 2) / years; the prior itself without a live record."""
    if sharpe_annual is None or years <= 0:
        return prior
    precision, live = prior.sd**-2, years / (1.0 + sharpe_annual**2 / 2.0)
    return SharpePosterior((precision * prior.mean + live * sharpe_annual) / (precision + live), (precision + live) ** -0.5)
