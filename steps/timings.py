"""Seconds by step, beside the cycle's data and never inside it: a clock reading is not evidence."""

import json
from collections.abc import Callable

from durable.files import write_durably
from steps.run import Run

LISTENERS: list[Callable[[str, float, str], None]] = []
"""Called with (step, seconds, headline) whenever a step of this process has finished."""


def note_seconds(run: Run, step: str, seconds: float, headline: str) -> None:
    """Remember how long a step took in this cycle's latest run, and tell whoever listens."""
    noted = {name: known for name, known in seconds_by_step(run).items() if name != step} | {step: round(seconds, 3)}
    write_durably(run.home.reports(run.cycle) / "timings.json", json.dumps(noted, indent=1).encode())
    for listener in LISTENERS:
        listener(step, seconds, headline)


def seconds_by_step(run: Run) -> dict[str, float]:
    """Step name to seconds, in the order in which they last ran."""
    path = run.home.reports(run.cycle) / "timings.json"
    return dict(json.loads(path.read_text())) if path.exists() else {}
