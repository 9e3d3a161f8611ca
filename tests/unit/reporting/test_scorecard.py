"""The matrix of gates by pods."""

from domain.evidence import GateResult, Outcome, Verdict
from reporting.scorecard import count, score_rows


def gate(name: str, group: str, outcome: Outcome = Outcome.PASS, threshold: float | None = 1.0) -> GateResult:
    return GateResult(
        gate=name,
        group=group,
        outcome=outcome,
        observed=None,
        low=None,
        high=None,
        threshold=threshold,
        comparison=">=",
        unit="1",
        margin=None,
        needs="",
        consequence="hold",
    )


def verdict(pod: str, *gates: GateResult) -> Verdict:
    return Verdict(
        pod=pod,
        tier="T1",
        outcome=Outcome.PASS,
        retire=False,
        reasons=(),
        gates=gates,
        policy_version=1,
        policy_digest="sha256:00",
        evidence_digest="sha256:00",
    )


def test_counts_by_outcome() -> None:
    judged = verdict("a", gate("x", "g"), gate("y", "g", Outcome.FAIL), gate("z", "g", Outcome.INSUFFICIENT), gate("w", "g"))
    assert count(judged) == (2, 1, 1)


def test_a_gate_that_was_not_asked_leaves_its_cell_empty() -> None:
    rows = score_rows([verdict("a", gate("x", "g")), verdict("b", gate("x", "g"), gate("y", "g"))])
    assert [row.gate for row in rows] == ["x", "y"]
    assert rows[1].cells[0] is None
    assert rows[1].cells[1] is not None


def test_groups_stay_together_whatever_the_order_in_a_verdict() -> None:
    rows = score_rows([verdict("a", gate("x", "risk"), gate("y", "data")), verdict("b", gate("z", "risk"), gate("y", "data"))])
    assert [(row.group, row.gate) for row in rows] == [("risk", "x"), ("risk", "z"), ("data", "y")]


def test_thresholds_that_differ_stand_in_the_cells() -> None:
    same, differing = score_rows(
        [
            verdict("a", gate("x", "g"), gate("y", "g", threshold=2.0)),
            verdict("b", gate("x", "g"), gate("y", "g", threshold=3.0)),
        ]
    )
    assert same.threshold == "≥ 1.00"
    assert differing.threshold == ""
