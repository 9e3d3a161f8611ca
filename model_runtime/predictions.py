"""One question to a package, whichever way it runs: same checks, same refusals.

Code of this desk, reviewed with the repository, is asked in this process, on every core and without copies; whatever else there
is, submitted or lying in a folder, in a sandboxed child. `runner.ask` is the same function on both sides.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import lru_cache, partial

import numpy as np

from domain.arrays import FloatArray
from domain.strategy import View
from model_runtime import runner, wire
from model_runtime.latency import LatencyLog
from model_runtime.package import Package, contents_of
from model_runtime.refusals import KINDS, Crashed, Garbled, MemoryExceeded, NotDeterministic, RuntimeRefused
from model_runtime.sandbox import Ended, Enforced, Limits, last_line, run_confined
from model_runtime.session import Session, run_once

Ask = Callable[[View], FloatArray]
Run = Callable[[tuple[str, ...], bytes, int], Ended]
"""Words and input of one run in the sandbox, and the longest output; `Session.run` and `run_once` give it."""


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
    contents = contents_of(package)
    run = partial(_once, contents, limits or Limits())
    again = twice if twice is not None else not asked_in_process(package)
    with ThreadPoolExecutor(2) as pool:
        return _answered(package, contents, run, latency or LatencyLog(), view, times=1 + again, each=pool.map)


@contextmanager
def asking(
    package: Package, *, twice: bool = False, limits: Limits | None = None, latency: LatencyLog | None = None
) -> Iterator[Ask]:
    """`predict` for many questions, as decisions are asked live: a sandbox stays, and each question meets a fresh process in it.

    With `twice` every question is asked twice, and refused where the answers differ. Threads may share it.
    """
    contents = contents_of(package)
    with Session(contents, limits or Limits()) as session:
        yield partial(_answered, package, contents, session.run, latency or LatencyLog(), times=1 + twice, each=map)


def _answered(
    package: Package,
    contents: Mapping[str, bytes],
    run: Run,
    clock: LatencyLog,
    view: View,
    *,
    times: int,
    each: Callable[..., Iterator[FloatArray]],
) -> FloatArray:
    """Timed answers, all the same. A refusal names the package, and nothing that a sealed one said."""
    question = _question(package, view)

    def asked(_: int) -> FloatArray:
        with clock.timed():
            return _ask(package, contents, view, question, run)

    try:
        first, *others = each(asked, range(times))
        if not all(np.array_equal(first, other, equal_nan=True) for other in others):
            raise NotDeterministic("predict gave two answers to the same view: remove its state or randomness")
        return first
    except RuntimeRefused as refusal:
        if not package.sealed:
            raise type(refusal)(f"{package.manifest.name}: {refusal}") from refusal
        kind = type(refusal)
    # Raised out here, so that no traceback leads to what the program said: that may be its source.
    raise kind(f"{package.manifest.name}: refused for {kind.kind}; the package is sealed, so what it said is withheld")


def _once(contents: Mapping[str, bytes], limits: Limits, words: tuple[str, ...], data: bytes, most: int) -> Ended:
    return run_once(words, contents, data, limits, most)


def asked_in_process(package: Package) -> bool:
    return package.reviewed and package.manifest.protocol == "python" and not package.sealed


def enforcement() -> Enforced:
    """How this machine holds a sandboxed program, found by running one."""
    return run_confined(("/usr/bin/true",), {}, b"", Limits(wall_s=10.0), output_max_bytes=0).enforced


def _question(package: Package, view: View) -> bytes:
    """What a sandboxed package is given; nothing for one that sees the view itself."""
    if asked_in_process(package):
        return b""
    return wire.view_as_csv(view) if package.manifest.protocol == "csv" else wire.view_as_arrow(view)


def _ask(package: Package, contents: Mapping[str, bytes], view: View, question: bytes, run: Run) -> FloatArray:
    entry, protocol = package.manifest.entry, package.manifest.protocol
    if asked_in_process(package):
        return _in_process(entry, package.digest, contents[entry], view)
    if protocol == "python":
        return wire.answer_from_raw(_output(("ask", f"/package/{entry}"), question, view, run), view)
    answer = _output((f"/package/{entry}",), question, view, run)
    if protocol == "arrow":
        # An Arrow stream from a stranger is opened where a stranger's program runs.
        answer = _output(("transcribe",), answer, view, run)
    return wire.answer_from_csv(answer, view)


def _in_process(entry: str, digest: str, source: bytes, view: View) -> FloatArray:
    try:
        return runner.ask(_function(entry, digest, source), view)  # type: ignore[no-any-return]
    except runner.BadAnswer as bad:
        raise KINDS[bad.kind](str(bad)) from bad


@lru_cache(maxsize=256)
def _function(entry: str, digest: str, source: bytes) -> runner.Predict:  # noqa: ARG001 - packages never share a module
    return runner.load_function(entry, source)


def _output(words: tuple[str, ...], data: bytes, view: View, run: Run) -> bytes:
    ended = run(words, data, wire.ANSWER_ROW_BYTES_MAX * view.close.size + 2**16)
    if ended.code == runner.EXIT_REFUSED and not words[0].startswith("/"):
        raise _said(ended.messages)
    if ended.code != 0:
        line = last_line(ended.messages)
        how = f"signal {-ended.code}" if ended.code < 0 else f"exit code {ended.code}"
        short_of_memory = "MemoryError" in line or "bad_alloc" in line
        raise (MemoryExceeded if short_of_memory else Crashed)(f"ended by {how}: {line}")
    return ended.output


def _said(messages: str) -> RuntimeRefused:
    """The refusal that the runner wrote as its last line."""
    try:
        said = json.loads(messages.splitlines()[-1])
        return KINDS[said["kind"]](str(said["message"]))
    except (ValueError, KeyError, IndexError, TypeError):
        return Garbled(f"wrote over its runner's refusal: {last_line(messages)}")
