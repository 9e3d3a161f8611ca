"""The pages of a cycle: the daily report, a gate report for each pod, and vectorbt's view of the finalists."""

from pathlib import Path

from durable.files import write_durably
from reporting.daily import render_daily
from reporting.gate import render_gate
from steps.artefacts import load_json
from steps.daily_report import daily_report
from steps.finalists import draw_finalists
from steps.gate_reports import gate_reports
from steps.run import Run, StepResult


def reports(run: Run) -> StepResult:
    """Write the daily report and the gate reports: self-contained pages that open offline."""
    folder = run.home.reports(run.cycle)
    finalists = draw_finalists(run)
    for pod, page in finalists.items():
        _write(folder / f"finalist-{pod}.html", page)
    for pod, report in gate_reports(run, finalists.keys()).items():
        _write(folder / f"gates-{pod}.html", render_gate(report))
    _write(folder / "index.html", render_daily(daily_report(run)))
    return StepResult(
        headline=f"{folder / 'index.html'}",
        facts={"gate reports": len(load_json(run, "evidence")), "finalists drawn": len(finalists)},
    )


def _write(path: Path, page: str) -> None:
    write_durably(path, page.encode())
