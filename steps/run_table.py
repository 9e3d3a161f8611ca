"""`factory runs`: every run of research as a row."""

from typing import Any

from domain.times import iso
from steps.home import Home
from steps.run_records import ResearchRun, all_runs


def list_runs(home: Home, strategy: str | None) -> list[dict[str, Any]]:
    """The run asked for last first; figures of the run, and of the last time that it was asked for."""
    return [_row(run) for run in all_runs(home) if strategy is None or run.inputs.strategy == strategy]


def _row(run: ResearchRun) -> dict[str, Any]:
    newest = run.asked[-1] if run.asked else {}
    verdict = next((item["verdict"] for item in reversed(run.asked) if "verdict" in item), None)
    report = next((item["report"] for item in reversed(run.asked) if "report" in item), None)
    sharpe, data = run.results["sharpe_annual"], run.inputs.data
    return {
        "run": run.id,
        "at": iso(newest["at_us"]) if newest else None,
        "by": newest.get("by"),
        "strategy": run.inputs.strategy,
        "version": run.inputs.version,
        "authors": list(run.authors),
        "hypothesis": newest.get("hypothesis"),
        "code": run.inputs.code,
        "parameters": dict(run.inputs.parameters),
        "data": {
            "venue": data.venue,
            "market": data.market.value,
            "symbols": len(data.symbols),
            "start": iso(data.start_us),
            "end": iso(data.end_us),
            "as_of": iso(newest["as_of_us"]) if newest else None,
            "snapshot": newest.get("snapshot"),
            "content_digest": data.content_digest,
        },
        "sharpe_annual": sharpe.value,
        "sharpe_low": sharpe.low,
        "sharpe_high": sharpe.high,
        "max_drawdown": run.results["max_drawdown"].value,
        "trials": newest.get("trials"),
        "trials_effective": newest.get("trials_effective"),
        "dsr": newest.get("dsr"),
        "verdict": verdict,
        "asked": len(run.asked),
        "exposed": newest.get("exposed"),
        "report": report,
    }
