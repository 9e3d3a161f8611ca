"""The daily page of a cycle that stopped before capital: which table, which finding, what to do, and what stays in force."""

from domain.model import Frozen
from reporting.data import FeedQuality, NeedsYou, Severity, StepSeconds
from reporting.page import render
from reporting.values import Mode


class StandingDocument(Frozen):
    """An allocation document that was issued before, and stays as it is."""

    pod: str
    cycle: str
    tier: str
    limit_usd: float
    expires_us: int


class StoppedReport(Frozen):
    """The complete input of the page."""

    cycle: str
    decided_us: int
    """The cycle's reference time: when it would have issued documents."""
    mode: Mode
    quality: tuple[FeedQuality, ...]
    standing: tuple[StandingDocument, ...]
    seconds: tuple[StepSeconds, ...] = ()
    replay: str
    """The command that runs the cycle again once the data is right."""

    @property
    def needs_you(self) -> tuple[NeedsYou, ...]:
        """One for each reason, the way out with it."""
        return tuple(
            NeedsYou(what=f"{reason.what}. To do: {reason.remedy}", severity=Severity.RED)
            for table in self.quality
            for reason in table.red
        )


def render_stopped(report: StoppedReport) -> str:
    """The whole page as one self-contained HTML document; a pure function of `report`."""
    return render("stopped.html", report=report, simulated=report.mode is Mode.SIMULATED)
