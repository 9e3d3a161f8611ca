"""The complete input of one gate report. A field that is None is left out of the page."""

from collections.abc import Mapping
from typing import Self

from pydantic import model_validator

from domain.evidence import Evidence, Figure, Verdict
from domain.model import Frozen
from reporting.values import CapacityCurve, Mode, PodSeries, Quantity, RelativeLink, Shortfall, TrialCount


class WorstCase(Frozen):
    """What whoever signs may lose; losses are positive."""

    loss_to_stop_usd: Quantity = None
    loss_to_stop_nav_share: Quantity = None
    exit_days: Quantity = None
    """To leave the largest allowed position in stressed volume."""
    adv_share: Quantity = None
    """Largest allowed position over the average daily volume of what it trades, fraction."""
    named_day: str | None = None
    named_day_loss_usd: Quantity = None
    stop_probability_annual: Quantity = None
    """Chance that the stop fires within a year if the claimed Sharpe ratio is true."""
    no_alpha_probability: Quantity = None
    """P(alpha <= 0 | all evidence)."""


class Claim(Frozen):
    """One estimate of the same number, and what it rests on."""

    label: str
    figure: Figure


class HistoryEntry(Frozen):
    """An earlier decision or dissent on this candidate."""

    at_us: int
    what: str
    by: str = ""
    link: RelativeLink | None = None


class GateReport(Frozen):
    """One candidate before one decision: the evidence, the verdict and the worst case."""

    cycle: str
    issued_us: int
    data_as_of_us: int
    snapshot: int | None = None
    mode: Mode
    evidence: Evidence
    verdict: Verdict
    tier: str
    """Held now; the verdict names the one asked for."""
    limit_usd: float | None = None
    """In force from this cycle on."""
    binding: str | None = None
    asked_usd: float | None = None
    """Cap of the tier asked for."""
    approvals: int | None = None
    """Human signatures that the rise asks for."""
    valid_until_us: int | None = None
    worst_case: WorstCase | None = None
    claims: tuple[Claim, ...] = ()
    """Sharpe ratio net of costs as the backtest, the deflation, the live record and the posterior have it."""
    trials: TrialCount | None = None
    parameters: Mapping[str, float] = {}
    maker_intent: tuple[float, float] | None = None
    planted: str | None = None
    """What the laboratory's maker put in, where the pod is simulated."""
    series: PodSeries | None = None
    shortfall: Shortfall | None = None
    capacity: CapacityCurve | None = None
    regimes: tuple[Claim, ...] = ()
    """Sharpe ratio by market regime."""
    costs: tuple[Claim, ...] = ()
    """Sharpe ratio at one, two and three times the modelled cost."""
    changed: tuple[str, ...] = ()
    """Since it was last judged, a line each: what went in differently, and which evidence that takes away."""
    history: tuple[HistoryEntry, ...] = ()
    daily_report: RelativeLink | None = None
    finalist: RelativeLink | None = None
    """The page that an independent engine drew of the same orders."""

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.evidence.pod != self.verdict.pod:
            raise ValueError(
                f"evidence is of {self.evidence.pod!r} but the verdict of {self.verdict.pod!r}: give those of one pod"
            )
        if self.evidence.simulated and self.mode is not Mode.SIMULATED:
            raise ValueError(f"simulated evidence makes a SIMULATED page, got mode {self.mode.value}: label it so")
        return self
