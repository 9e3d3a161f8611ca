"""Help and small commands start at once: what is heavy is imported by whoever needs it."""

import subprocess
import sys

import pytest

from steps.home import REPOSITORY

PROGRAM = """
import sys
from pipelines.cli import app
try:
    app(sys.argv[2:])
except SystemExit:
    pass
print("imported:", *sorted(set(sys.argv[1].split(",")) & set(sys.modules)))
"""
HEAVY = "dagster,vectorbt,riskfolio,great_expectations,statsmodels,matplotlib,cvxpy"


@pytest.mark.parametrize(
    ("command", "unwanted"),
    [
        (["--help"], f"{HEAVY},numpy,polars,duckdb"),
        (["run", "--help"], f"{HEAVY},numpy,polars,duckdb"),
        (["verify", "nothing.json"], f"{HEAVY},polars,duckdb"),
        (["pod", "status", "http://127.0.0.1:9"], f"{HEAVY},polars,duckdb"),
        (["read", "bars", "--start", "2024-01-01", "--end", "2024-01-02", "--out", "x.xlsx"], HEAVY),
    ],
)
def test_a_command_does_not_import(command: list[str], unwanted: str, tmp_path) -> None:
    home = [] if command[-1] == "--help" or command[0] == "pod" else ["--home", str(tmp_path)]
    program = [sys.executable, "-c", PROGRAM, unwanted, *command, *home]
    ended = subprocess.run(program, cwd=REPOSITORY, capture_output=True, text=True, timeout=120, check=True)
    assert ended.stdout.splitlines()[-1] == "imported:", ended.stdout
