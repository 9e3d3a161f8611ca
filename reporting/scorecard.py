"""The matrix of gates by pods, from the verdicts."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from domain.evidence import GateResult, Outcome, Verdict
from reporting.amounts import amount, comparison_sign


class Count(NamedTuple):
    """How many gates of one verdict came to each outcome."""

    passed: int
    failed: int
    insufficient: int


@dataclass(frozen=True)
class ScoreRow:
    """One gate across pods; `threshold` is empty where pods are held to different ones, and then each cell has its own."""

    gate: str
    group: str
    threshold: str
    cells: tuple[GateResult | None, ...]
    """None where the gate was not asked of the pod."""


def count(verdict: Verdict) -> Count:
    """Outcomes of one verdict."""
    outcomes = [gate.outcome for gate in verdict.gates]
    return Count(*(outcomes.count(outcome) for outcome in (Outcome.PASS, Outcome.FAIL, Outcome.INSUFFICIENT)))


def threshold_text(gate: GateResult) -> str:
    """`≥ 0.95`, or the comparison alone where the threshold is undefined."""
    sign = comparison_sign(gate.comparison)
    return sign if gate.threshold is None else f"{sign} {amount(gate.threshold, gate.unit)}"


def observed_text(gate: GateResult) -> str:
    return "undefined" if gate.observed is None else amount(gate.observed, gate.unit)


def score_rows(verdicts: Sequence[Verdict]) -> list[ScoreRow]:
    """One row for each gate, by group and then by gate in the order of their first appearance."""
    results = {(gate.gate, verdict.pod): gate for verdict in verdicts for gate in verdict.gates}
    groups = list(dict.fromkeys(gate.group for verdict in verdicts for gate in verdict.gates))
    names = list(dict.fromkeys((gate.group, gate.gate) for verdict in verdicts for gate in verdict.gates))
    names.sort(key=lambda name: groups.index(name[0]))
    rows = []
    for group, name in names:
        cells = tuple(results.get((name, verdict.pod)) for verdict in verdicts)
        thresholds = {threshold_text(cell) for cell in cells if cell is not None}
        rows.append(ScoreRow(name, group, thresholds.pop() if len(thresholds) == 1 else "", cells))
    return rows
