"""The complete input of the daily page. A field that is None is left out of it; `Unknown` is printed as unknown."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Self

from pydantic import Field, model_validator

from domain.evidence import Figure, Verdict
from domain.model import Frozen
from reporting.values import CapacityCurve, Mode, PodSeries, Quantity, RelativeLink, Shortfall, TrialCount


class Severity(StrEnum):
    """How bad a finding is, or how soon a person must act."""

    RED = "RED"
    AMBER = "AMBER"
    INFO = "INFO"


class NeedsYou(Frozen):
    """One thing that waits for a person."""

    what: str
    severity: Severity = Severity.AMBER
    due_us: int | None = None
    link: RelativeLink | None = None


class DeskSummary(Frozen):
    """The headline; ratios are to NAV, money in USD."""

    nav_usd: Quantity = None
    allocated_usd: Quantity = None
    """Sum of the pods' gross limits."""
    volatility_target_annual: Quantity = None
    volatility_limit_annual: Quantity = None
    volatility_ex_ante_annual: Quantity = None
    """At all limits."""
    es_97_5_1d: Quantity = None
    """Expected shortfall of one day at 97.5 %, fraction, positive is a loss."""
    gross_exposure: Quantity = None
    gross_limit: Quantity = None
    net_exposure: Quantity = None
    btc_beta_usd: Quantity = None
    """Net BTC-beta dollars at the largest allowed positions, worst sign scenario."""
    btc_beta_bound_usd: Quantity = None
    btc_correlation_before: Quantity = None
    """Stressed correlation of the book with BTC at the limits, before and after they were cut."""
    btc_correlation_after: Quantity = None
    btc_correlation_cap: Quantity = None


class AllocationRow(Frozen):
    """What one pod may do from this cycle on, and why."""

    pod: str
    strategy: str
    style: str
    tier: str
    state: str
    """ACTIVE, REDUCING, HALTED, RETIRED, …"""
    limit_usd: float
    """Largest gross position."""
    previous_limit_usd: float | None = None
    """None where the pod had no document before."""
    binding: str
    """The constraint that sets the limit."""
    next_binding: str | None = None
    """The constraint that would bind next."""
    next_limit_usd: float | None = None
    """The limit that the next constraint would set."""
    used_share: Quantity = None
    """Gross position in use as a share of the limit."""
    figures: Mapping[str, Figure] = {}
    """The evidence's figures by name."""
    maker_intent: tuple[float, float] | None = None
    """Least and largest maker share that the author means."""
    reason: str = ""
    gate_report: RelativeLink | None = None


class Correlation(Frozen):
    """Correlation of pods' daily net returns at one unit of limit, and the clusters that share a risk budget."""

    pods: tuple[str, ...]
    matrix: tuple[tuple[float | None, ...], ...]
    clusters: tuple[tuple[str, ...], ...] = ()

    @model_validator(mode="after")
    def _square(self) -> Self:
        if len(self.matrix) != len(self.pods) or any(len(row) != len(self.pods) for row in self.matrix):
            raise ValueError(
                f"correlation: expected a {len(self.pods)} x {len(self.pods)} matrix, one row and column for each pod"
            )
        return self


class ImpactCalibration(Frozen):
    """The coefficient Y of the square-root law, from simulated or own parent orders."""

    y: float | None
    low: float | None = None
    """Lower end of the 95 % interval."""
    high: float | None = None
    orders: int | None = None
    planted: float | None = None
    """The true value, where the market is simulated."""
    note: str = ""


class Finding(Frozen):
    """One kind of defect in one table, counted."""

    kind: str
    severity: Severity
    count: int = Field(ge=0)
    examples: tuple[str, ...] = ()


class QuarantinedRows(Frozen):
    """Rows that were kept out of the lake, and why."""

    reason: str
    rows: int
    examples: tuple[str, ...] = ()


class RedReason(Frozen):
    """One reason for which a table stops the line."""

    what: str
    """Table, finding and the first example."""
    remedy: str
    """What to do, beginning with a verb."""


class FeedQuality(Frozen):
    """The state of one feed's table as of the cycle."""

    table: str
    feed: str
    rows: int
    symbols: int
    first_us: int | None
    last_us: int | None
    completeness: Quantity = None
    """Bars present over bars due, fraction."""
    findings: tuple[Finding, ...] = ()
    quarantined: tuple[QuarantinedRows, ...] = ()
    data_docs: RelativeLink | None = None
    red: tuple[RedReason, ...] = ()

    @property
    def status(self) -> str:
        """RED where it stops the line; RED or AMBER by its worst finding; otherwise GREEN."""
        if self.red:
            return Severity.RED.value
        present = {finding.severity for finding in self.findings if finding.count}
        for severity in (Severity.RED, Severity.AMBER):
            if severity in present:
                return severity.value
        return "GREEN"


class StablecoinPrice(Frozen):
    """What a coin in which prices are quoted counts for in USD."""

    coin: str
    price_usd: float
    counts_usd: float
    """Of one coin held, after the haircut."""
    haircut: float
    basis: str
    """lake, stale or assumed."""
    series: str
    """The series that prices the coin, or would."""
    at_us: int | None = None
    """The close that the price rests on."""


class FundingYear(Frozen):
    year: int
    paid_by_long: float
    """Sum of the year's rates, fraction of notional, that a constant long pays; negative is received."""
    days: int | None = None
    """Days of the year that the series covers."""


class FundingFacts(Frozen):
    """What holding a perpetual cost, and how much of it is known rather than assumed."""

    symbol: str
    years: tuple[FundingYear, ...]
    known_share: Quantity = None
    """Share of the held notional whose funding is on record, fraction."""
    band_annual: tuple[float, float] | None = None
    """The rates charged at worst and at best where funding is unknown, fraction of notional a year."""
    note: str = ""


class StepSeconds(Frozen):
    step: str
    seconds: float


class Key(Frozen):
    role: str
    key_id: str


class Trust(Frozen):
    """What a stranger checks the documents against."""

    log_size: int
    root_hash: str
    checkpoint: str | None = None
    """The signed checkpoint, as text."""
    keys: tuple[Key, ...] = ()


class Planted(Frozen):
    """One number that the laboratory's maker put into the market."""

    what: str
    value: float
    unit: str


class Expectation(Frozen):
    """What a planted truth should come to, and whether it did; `came_out` None where nothing could tell."""

    pod: str
    planted: str
    expected: str
    observed: str
    came_out: bool | None


class Power(Frozen):
    """How often a true Sharpe ratio of this size would pass the significance gates on a history of this length."""

    sharpe_annual: float
    days: int
    trials: int
    psr: float
    """Probability of passing the gate on the probabilistic Sharpe ratio."""
    dsr: float
    """Probability of passing the gate on the deflated one."""
    dsr_days_for_80_percent: int | None = None
    """Days until the deflated one passes four times in five; None where that takes longer than anyone will wait."""


class Laboratory(Frozen):
    """The truth behind a simulated run."""

    seed: int
    planted: tuple[Planted, ...] = ()
    expectations: tuple[Expectation, ...] = ()
    power: tuple[Power, ...] = ()


class Delivery(Frozen):
    """A pod's answer to its document."""

    pod: str
    answer: str
    """APPLIED, REFUSED or UNREACHABLE."""
    limit_usd: float | None = None
    applied_us: int | None = None
    document_digest: str | None = None
    reason: str = ""


class DailyReport(Frozen):
    """One cycle: what was decided, why, on which data, and how to do it again."""

    cycle: str
    revision: int | None = None
    issued_us: int
    data_as_of_us: int
    snapshot: int | None = None
    mode: Mode
    digest: str
    """Of all allocation payloads."""
    code_digest: str | None = None
    policy_version: int | None = None
    needs_you: tuple[NeedsYou, ...]
    desk: DeskSummary
    allocations: tuple[AllocationRow, ...]
    verdicts: tuple[Verdict, ...]
    """At most one for each pod."""
    changed: tuple[str, ...] = ()
    """What differs from the cycle before, a line each."""
    desk_series: PodSeries | None = None
    series: tuple[PodSeries, ...] = ()
    shortfall: tuple[Shortfall, ...] = ()
    correlation: Correlation | None = None
    capacity: tuple[CapacityCurve, ...] = ()
    impact: ImpactCalibration | None = None
    quality: tuple[FeedQuality, ...] = ()
    stablecoins: tuple[StablecoinPrice, ...] = ()
    funding: FundingFacts | None = None
    trials: tuple[TrialCount, ...] = ()
    seconds: tuple[StepSeconds, ...] = ()
    replay: str | None = None
    """The command that makes these bytes again."""
    trust: Trust | None = None
    laboratory: Laboratory | None = None
    deliveries: tuple[Delivery, ...] = ()

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        judged = [verdict.pod for verdict in self.verdicts]
        if len(set(judged)) != len(judged):
            raise ValueError(f"verdicts: expected one for each pod, got {judged}")
        if self.laboratory is not None and self.mode is not Mode.SIMULATED:
            raise ValueError(f"a report with laboratory truth is SIMULATED, got mode {self.mode.value}: label it so")
        return self
