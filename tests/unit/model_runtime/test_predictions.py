"""One semantics: the same package gives the same answer and the same refusal in this process, in the sandbox and as a program."""

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from domain.strategy import View
from model_runtime import session
from model_runtime.latency import LatencyLog
from model_runtime.package import Package, load_package
from model_runtime.predictions import asked_in_process, asking, enforcement, predict
from model_runtime.refusals import RuntimeRefused
from tests.unit.model_runtime.packages import view_for_tests, write_package

SCALED = "def predict(view):\n    return view.close / view.open * view.params['skill'] + view.open_time_us[:, None] * 1e-15"
ARROW_PROGRAM = """
import sys
sys.path[:0] = {path!r}
import json
import pyarrow as pa
table = pa.ipc.open_stream(sys.stdin.buffer).read_all()
skill = json.loads(table.schema.metadata[b"parameters"])["skill"]
rows = zip(table["time"].to_pylist(), table["open"].to_pylist(), table["close"].to_pylist())
values = [None if close is None else close / opened * skill + time * 1e-15 for time, opened, close in rows]
answer = pa.table({{"prediction": pa.array(values, pa.float64()), "symbol": table["symbol"], "time": table["time"]}})
with pa.ipc.new_stream(sys.stdout.buffer, answer.schema) as stream:
    stream.write_table(answer)
"""


def view() -> View:
    seen = replace(view_for_tests(), params={"skill": 0.5})
    seen.close[3:7, 1] = np.nan
    seen.close.flags.writeable = False
    return seen


def program(folder: Path, protocol: str, code: str) -> Package:
    write_package(folder, "", entry="program", protocol=protocol)
    (folder / "program").write_text(f"#!/usr/bin/env -S {sys.executable}\n{code}")
    return load_package(folder)


def test_the_three_ways_give_the_same_bits(tmp_path: Path) -> None:
    seen = view()
    here = predict(load_package(write_package(tmp_path / "a", SCALED), reviewed=True), seen)
    there = predict(load_package(write_package(tmp_path / "b", SCALED)), seen)
    arrow = predict(program(tmp_path / "c", "arrow", ARROW_PROGRAM.format(path=sys.path)), seen)
    assert np.isnan(here[3:7, 1]).all()
    assert np.array_equal(here, there, equal_nan=True)
    assert np.array_equal(here, arrow, equal_nan=True)


def test_many_questions_to_one_sandbox_are_answered_as_one_each(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "RENEW_AFTER", 2)
    seen = view()
    packages = [
        load_package(write_package(tmp_path / "a", SCALED), reviewed=True),
        load_package(write_package(tmp_path / "b", SCALED)),
        program(tmp_path / "c", "arrow", ARROW_PROGRAM.format(path=sys.path)),
    ]
    expected = predict(packages[0], seen)
    for package in packages:
        clock = LatencyLog()
        with asking(package, latency=clock) as ask:
            for _ in range(3):
                assert np.array_equal(ask(seen), expected, equal_nan=True)
        assert len(clock.samples_us) == 3


@pytest.mark.parametrize(
    "code",
    [
        "def predict(view):\n    return view.close[:, 0]",
        "def predict(view):\n    return view.close.tolist()",
        "def predict(view):\n    return view.open * float('inf')",
        "def predict(view):\n    return view.nothing",
        "def predict(view):\n    view.close[0] = 1\n    return view.close",
        "import sys\ndef predict(view):\n    sys.exit('enough')",
        "import numpy as np\ndef predict(view):\n    return np.ones(10**15)",
        "import nothing_like_this",
        "def predict(view:",
        "answer = 1",
    ],
)
def test_both_paths_refuse_alike(tmp_path: Path, code: str) -> None:
    folder = write_package(tmp_path / "a", code)
    refusals = []
    for reviewed in (True, False):
        with pytest.raises(RuntimeRefused) as refused:
            predict(load_package(folder, reviewed=reviewed), view())
        # A missing attribute is told of the class that lacks it, and that is another one outside.
        refusals.append(
            (refused.value.kind, str(refused.value).replace("types.SimpleNamespace", "View").replace("/package/", ""))
        )
    assert refusals[0][0] == refusals[1][0]
    if "nothing'" not in refusals[0][1]:
        assert refusals[0][1] == refusals[1][1]


def test_only_reviewed_python_is_asked_in_this_process(tmp_path: Path) -> None:
    folder = write_package(tmp_path / "a", SCALED)
    assert asked_in_process(load_package(folder, reviewed=True))
    assert not asked_in_process(load_package(folder))
    compiled = write_package(tmp_path / "b", SCALED, protocol="csv")
    assert not asked_in_process(load_package(compiled, reviewed=True))


def test_a_sandboxed_package_is_asked_twice_and_each_call_is_timed(tmp_path: Path) -> None:
    package, log = load_package(write_package(tmp_path / "a", SCALED)), LatencyLog()
    predict(package, view(), latency=log)
    assert len(log.samples_us) == 2
    predict(package, view(), twice=False, latency=log)
    assert len(log.samples_us) == 3


def test_what_is_enforced_is_said() -> None:
    held = enforcement()
    assert held.memory.startswith("address space")
    assert {held.network, held.files, held.processes} <= {
        "none", "namespace", "seccomp", "namespace+seccomp", "private root", "landlock", "private root+landlock",
        "limit", "namespace and limit",
    }  # fmt: skip


def test_an_arrow_program_that_answers_no_arrow_is_garbled(tmp_path: Path) -> None:
    with pytest.raises(RuntimeRefused, match="expected an Arrow stream") as refused:
        predict(program(tmp_path / "a", "arrow", "print('hello')"), view())
    assert refused.value.kind == "garbled"
