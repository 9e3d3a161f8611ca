"""The runner itself, our own cases, and the shared file where it is at hand."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.reference import __main__ as command
from tests.reference import registry
from tests.reference.compare import Tolerance, differences
from tests.reference.runner import Mark, read_cases, run, totals

OWN = Path(__file__).with_name("own_cases.json")
SHARED = Path(__file__).parents[3] / "shared" / "methods" / "cases.json"
COMPLETE_SECTIONS = set(range(1, 15))
EXACT = Tolerance(0.0, 0.0)


def one(**changes: Any) -> list[Any]:
    case = {"id": "X", "section": 1, "inputs": {"N": 1, "target_SR_annual": 2}, "expected": {"years": 0}, "atol": 0, "rtol": 0}
    return list(run([case | changes]))


def test_own_cases_pass() -> None:
    reports = list(run(read_cases(OWN)))
    assert [line for report in reports if report.mark is not Mark.PASS for line in report.lines()] == []
    assert totals(reports) == f"{len(reports)} passed, 0 failed, 0 missing"


def test_shared_cases_pass() -> None:
    if not SHARED.exists():
        pytest.skip(f"NOT RUN: the shared reference cases are absent ({SHARED.name} beside the repository)")
    reports = list(run(read_cases(SHARED)))
    assert [line for report in reports if report.mark is Mark.FAIL for line in report.lines()] == []
    missing = {report.id for report in reports if report.mark is Mark.MISSING and report.section in COMPLETE_SECTIONS}
    assert missing == set()
    regression_and_attribution = [report.mark for report in reports if report.id in {f"S08-0{number}" for number in range(1, 5)}]
    assert regression_and_attribution == [Mark.PASS] * 4


def test_a_wrong_number_fails_and_says_what_came() -> None:
    (report,) = one(expected={"years": 0.5})
    assert report.lines() == ["FAIL X years: got 0.0, expected 0.5"]


def test_an_expected_key_without_an_answer_fails() -> None:
    (report,) = one(expected={"decades": 0})
    assert report.lines() == ["FAIL X decades: got 'nothing', expected 0"]


def test_unknown_inputs_are_missing_whatever_the_id() -> None:
    assert one(inputs={"N": 1, "unheard_of": 2})[0].lines() == ["MISSING X"]
    assert one(section=99)[0].mark is Mark.MISSING
    assert one(inputs={"cases": [{"N": 1}, {"unheard_of": 2}]})[0].mark is Mark.MISSING


def test_inputs_that_a_formula_refuses_are_a_failure() -> None:
    (report,) = one(section=2, inputs={"matrix": [[1, 2], [2, 3], [4, 5]], "S": 3})
    assert report.mark is Mark.FAIL
    assert "even number of blocks" in report.lines()[0]


def test_numbers_pass_within_both_tolerances_together() -> None:
    tolerance = Tolerance(absolute=0.1, relative=0.01)
    assert differences({"x": 102.05}, {"x": 101.0}, tolerance) == []  # 0.1 + 1.01
    assert len(differences({"x": 102.2}, {"x": 101.0}, tolerance)) == 1
    assert differences({"x": 3.0}, {"x": 3}, EXACT) == []
    assert len(differences({"x": 3.0000001}, {"x": 3}, EXACT)) == 1
    assert len(differences({"x": float("nan")}, {"x": 3}, Tolerance(1e9, 1e9))) == 1


def test_nested_values_are_compared_to_the_leaf() -> None:
    expected = {"a": {"b": [1, [2, 3]]}}
    found = differences({"a": {"b": [1, [2, 4]]}}, expected, EXACT)
    assert [difference.key for difference in found] == ["a.b[1][1]"]
    assert differences({"a": {"b": (1, np.array([2, 3]))}}, expected, EXACT) == []
    assert len(differences({"a": {"b": [1]}}, expected, EXACT)) == 1


@pytest.mark.parametrize(("got", "expected"), [(1, True), (True, 1), ("1", 1), (None, 0), (0, None), ([1], 1)])
def test_kinds_are_not_mixed(got: Any, expected: Any) -> None:
    assert len(differences({"x": got}, {"x": expected}, Tolerance(1.0, 1.0))) == 1


def test_either_print_of_one_quantity_passes() -> None:
    expected = {"Q_table": [1.0, 2.0], "Q_exact": [1.5, 2.5]}
    tolerance = Tolerance(0.01, 0.0)
    assert differences({"Q": [1.0, 2.5]}, expected, tolerance) == []
    assert [difference.key for difference in differences({"Q": [1.2, 2.5]}, expected, tolerance)] == ["Q[0]"]
    assert len(differences({}, expected, tolerance)) == 2


def test_every_registered_shape_is_unambiguous() -> None:
    registry.discover()
    answers = registry._ANSWERS
    assert answers
    for answer in answers:
        takers = [other for other in answers if other.takes(answer.section, answer.required)]
        assert takers == [answer], f"section {answer.section}: {sorted(answer.required)} is taken twice"


def test_command_line(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert command.main([str(OWN), str(OWN)]) == 0
    count = 2 * len(read_cases(OWN))
    assert capsys.readouterr().out.splitlines()[-1] == f"{count} passed, 0 failed, 0 missing"

    wrong = tmp_path / "wrong.json"
    wrong.write_text(OWN.read_text().replace('"total": 173', '"total": 174'))
    assert command.main([str(wrong)]) == 1
    assert "FAIL OWN-SHORTFALL total: got 173.0, expected 174" in capsys.readouterr().out

    wrong.write_text("[]")
    assert command.main([str(wrong)]) == 2
    assert command.main([str(tmp_path / "absent.json")]) == 2
    assert command.main([]) == 2
