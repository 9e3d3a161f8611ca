"""One question to a package, whichever way it runs: same checks, same refusals.

Code of this desk, reviewed with the repository, is asked in this process, on every core and without copies; whatever else there
is, submitted or lying in a folder, in a sandboxed child. `runner.ask` is the same function on both sides.
"""

import json
from collections.abc import Mapping
from functools import lru_cache

import numpy as np

from domain.arrays import FloatArray
from domain.strategy import View
from model_runtime import runner, wire
from model_runtime.contents import digest_of, read_contents
from model_runtime.latency import LatencyLog
from model_runtime.package import Package
from model_runtime.refusals import KINDS, Altered, Crashed, Garbled, MemoryExceeded, NotDeterministic, RuntimeRefused
from model_runtime.sandbox import Ended, Enforced, Limits, last_line, run_confined

PYTHON_RUNNER = ("-I", "-B", "/runtime/runner.py")


def predict(
    package: Package,
    view: View,
    *,
    twice: bool | None = None,
    limits: Limits | None = None,
    latency: LatencyLog | None = None,
) -> FloatArray:
    """(T, N) expected simple returns over the manifest's horizon, NaN where the strategy has no opinion.

    `twice` asks a second time, in a new process where it is sandboxed, and refuses an answer that differs; left out, it is asked
    twice wherever it is sandboxed. `latency` records the wall time of each call. Raises RuntimeRefused, its class saying why:
    the package is not the one that was loaded, it ends by an error or beyond its limits, or its answer is not one finite
    float64 or NaN for each bar and symbol.
    """
    contents = read_contents(package.folder)
    if digest_of(contents) != package.digest:
        raise Altered(f"{package.manifest.name}: the package changed after it was loaded as {package.digest[:19]}: load it again")
    clock, bounds = latency or LatencyLog(), limits or Limits()
    try:
        with clock.timed():
            answer = _ask(package, contents, view, bounds)
        if twice if twice is not None else not asked_in_process(package):
            with clock.timed():
                again = _ask(package, contents, view, bounds)
            if not np.array_equal(answer, again, equal_nan=True):
                raise NotDeterministic("predict gave two answers to the same view: remove its state or randomness")
    except RuntimeRefused as refusal:
        raise type(refusal)(f"{package.manifest.name}: {refusal}") from refusal
    return answer


def asked_in_process(package: Package) -> bool:
    return package.reviewed and package.manifest.protocol == "python"


def enforcement() -> Enforced:
    """How this machine holds a sandboxed program, found by running one."""
    return run_confined(("/usr/bin/true",), {}, b"", Limits(wall_s=10.0), output_max_bytes=0).enforced


def _ask(package: Package, contents: Mapping[str, bytes], view: View, limits: Limits) -> FloatArray:
    entry, protocol = package.manifest.entry, package.manifest.protocol
    if asked_in_process(package):
        return _in_process(entry, package.digest, contents[entry], view)
    if protocol == "python":
        ended = _run((_python(), *PYTHON_RUNNER, "ask", f"/package/{entry}"), contents, wire.view_as_arrow(view), view, limits)
        return wire.answer_from_raw(ended.output, view)
    question = wire.view_as_arrow(view) if protocol == "arrow" else wire.view_as_csv(view)
    answer = _run((f"/package/{entry}",), contents, question, view, limits).output
    if protocol == "arrow":
        # An Arrow stream from a stranger is opened where a stranger's program runs.
        answer = _run((_python(), *PYTHON_RUNNER, "transcribe"), {}, answer, view, limits).output
    return wire.answer_from_csv(answer, view)


def _in_process(entry: str, digest: str, source: bytes, view: View) -> FloatArray:
    try:
        return runner.ask(_function(entry, digest, source), view)  # type: ignore[no-any-return]
    except runner.BadAnswer as bad:
        raise KINDS[bad.kind](str(bad)) from bad


@lru_cache(maxsize=256)
def _function(entry: str, digest: str, source: bytes) -> runner.Predict:  # noqa: ARG001 - packages never share a module
    return runner.load_function(entry, source)


def _python() -> str:
    import sys

    return sys.executable


def _run(command: tuple[str, ...], contents: Mapping[str, bytes], stdin: bytes, view: View, limits: Limits) -> Ended:
    most = wire.ANSWER_ROW_BYTES_MAX * view.close.size + 2**16
    ended = run_confined(command, contents, stdin, limits, output_max_bytes=most)
    if ended.code == runner.EXIT_REFUSED and command[1:2] == PYTHON_RUNNER[:1]:
        raise _said(ended.messages)
    if ended.code != 0:
        line = last_line(ended.messages)
        how = f"signal {-ended.code}" if ended.code < 0 else f"exit code {ended.code}"
        short_of_memory = "MemoryError" in line or "bad_alloc" in line
        raise (MemoryExceeded if short_of_memory else Crashed)(f"ended by {how}: {line}")
    return ended


def _said(messages: str) -> RuntimeRefused:
    """The refusal that the runner wrote as its last line."""
    try:
        said = json.loads(messages.splitlines()[-1])
        return KINDS[said["kind"]](str(said["message"]))
    except (ValueError, KeyError, IndexError, TypeError):
        return Garbled(f"wrote over its runner's refusal: {last_line(messages)}")
