"""`python -m tests.reference FILE...`: exit code 0, 1 where a case fails, 2 where a file is none of ours."""

import sys
from pathlib import Path

from domain.errors import Refused
from tests.reference.runner import Mark, read_cases, run, totals


def main(files: list[str]) -> int:
    if not files:
        print("usage: python -m tests.reference FILE...", file=sys.stderr)
        return 2
    try:
        cases = [case for file in files for case in read_cases(Path(file))]
    except Refused as refusal:
        print(refusal, file=sys.stderr)
        return 2
    reports = []
    for report in run(cases):
        print(*report.lines(), sep="\n")
        reports.append(report)
    print(totals(reports))
    return int(any(report.mark is Mark.FAIL for report in reports))


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
