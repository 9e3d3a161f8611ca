"""Runs the cases of a file one by one."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from domain.errors import Refused
from tests.reference import registry
from tests.reference.compare import Tolerance, differences


class Mark(StrEnum):
    PASS = "PASS"
    FAIL = "FAIL"
    MISSING = "MISSING"


@dataclass(frozen=True)
class Report:
    """What came of one case; `reasons` has one line for each value that does not agree."""

    id: str
    section: int
    mark: Mark
    reasons: tuple[str, ...] = ()

    def lines(self) -> list[str]:
        return [f"{self.mark} {self.id} {reason}" for reason in self.reasons] or [f"{self.mark} {self.id}"]


def read_cases(path: Path) -> list[dict[str, Any]]:
    """The cases of a file. Raises Refused where it is not a case file."""
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        return [dict(case) for case in document["cases"]]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise Refused(f"{path}: expected a JSON file with a list `cases`, got {type(error).__name__}: {error}") from None


def run(cases: Iterable[dict[str, Any]]) -> Iterator[Report]:
    """A report for each case, in their order."""
    registry.discover()
    return (_run_one(case) for case in cases)


def totals(reports: Iterable[Report]) -> str:
    """`N passed, N failed, N missing`."""
    marks = [report.mark for report in reports]
    return f"{marks.count(Mark.PASS)} passed, {marks.count(Mark.FAIL)} failed, {marks.count(Mark.MISSING)} missing"


def _run_one(case: dict[str, Any]) -> Report:
    answer = registry.find(case["section"], case["inputs"])
    if answer is None:
        return Report(case["id"], case["section"], Mark.MISSING)
    try:
        got = answer(case["inputs"], tuple(case["expected"]))
    except (Refused, ArithmeticError, LookupError, TypeError, ValueError) as error:
        return Report(case["id"], case["section"], Mark.FAIL, (f"inputs: {type(error).__name__}: {error}",))
    tolerance = Tolerance(case["atol"], case["rtol"])
    reasons = tuple(str(difference) for difference in differences(got, case["expected"], tolerance))
    return Report(case["id"], case["section"], Mark.FAIL if reasons else Mark.PASS, reasons)
