"""Asks a Python package. Run as a program inside the sandbox, so it imports nothing of the house; imported for reviewed packages.

    runner.py ask STRATEGY.PY    view as an Arrow stream in; predictions out as raw little-endian float64, bar by bar
    runner.py transcribe         an answer as an Arrow stream in; the same answer as CSV out

A refusal is one JSON line at the end of stderr and exit code 65.
"""

import json
import os
import sys
from collections.abc import Callable
from types import ModuleType, SimpleNamespace
from typing import Any, BinaryIO

import numpy as np

EXIT_REFUSED = 65
SERIES = ("open", "high", "low", "close", "volume", "taker_buy_volume", "funding_rate", "daily_volatility")

Predict = Callable[[Any], Any]


class BadAnswer(Exception):
    """A refusal: a kind of `model_runtime.refusals` and a sentence."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


def load_function(file: str, source: bytes) -> Predict:
    """`predict` of a strategy, run in a module of its own that no import can see. Raises BadAnswer."""
    module = ModuleType("strategy")
    module.__file__ = file
    try:
        exec(compile(source, file, "exec"), module.__dict__)  # noqa: S102 - running the package is the purpose
    except (Exception, SystemExit) as error:
        raise BadAnswer(_kind(error), f"{os.path.basename(file)}: {type(error).__name__}: {error}") from error  # noqa: PTH119
    function = getattr(module, "predict", None)
    if not callable(function):
        raise BadAnswer("crash", f"{os.path.basename(file)}: expected a function predict(view), found none")  # noqa: PTH119
    return function  # type: ignore[no-any-return]


def ask(function: Predict, view: Any) -> Any:
    """The checked answer: (T, N) float64, finite or NaN. Raises BadAnswer."""
    try:
        answer = function(view)
    except (Exception, SystemExit) as error:
        raise BadAnswer(_kind(error), f"predict raised {type(error).__name__}: {error}") from error
    shape = view.close.shape
    if not isinstance(answer, np.ndarray) or answer.dtype != np.float64 or answer.shape != shape:
        got = f"{answer.dtype} {answer.shape}" if isinstance(answer, np.ndarray) else type(answer).__name__
        raise BadAnswer("shape", f"expected float64 predictions of shape {shape} (bars, symbols), got {got}")
    if np.isinf(answer).any():
        raise BadAnswer("infinite", f"expected finite predictions or NaN, got {int(np.isinf(answer).sum())} infinite ones")
    return answer


def _kind(error: BaseException) -> str:
    return "memory" if isinstance(error, MemoryError) else "crash"


def _read_view(stream: BinaryIO) -> SimpleNamespace:
    import pyarrow as pa

    table = pa.ipc.open_stream(stream).read_all()
    facts = {key.decode(): json.loads(value) for key, value in table.schema.metadata.items()}
    shape = (-1, len(facts["symbols"]))

    def column(name: str) -> Any:
        values = table.column(name).to_numpy().reshape(shape)
        values.flags.writeable = False
        return values

    view = SimpleNamespace(symbols=tuple(facts["symbols"]), interval_us=facts["interval_us"], params=facts["parameters"])
    view.open_time_us = column("time")[:, 0]
    for name in SERIES:
        setattr(view, name, column(name))
    return view


def _transcribe(stream: BinaryIO, answer: BinaryIO) -> None:
    import pyarrow as pa
    from pyarrow import csv

    try:
        table = pa.ipc.open_stream(stream).read_all()
        table.validate(full=True)
        table = table.select(["time", "symbol", "prediction"])
        table = table.cast(pa.schema([("time", pa.int64()), ("symbol", pa.string()), ("prediction", pa.float64())]))
        answer.write(b"time,symbol,prediction\n")
        csv.write_csv(table, answer, csv.WriteOptions(include_header=False, quoting_style="none"))
    except (pa.ArrowException, KeyError, OSError) as error:
        sentence = " ".join(str(error).split())[:200]
        raise BadAnswer(
            "garbled", f"expected an Arrow stream of int64 time, string symbol, float64 prediction: {sentence}"
        ) from error


def main(words: list[str], question: BinaryIO) -> int:
    # What a strategy prints must not end up in the answer: descriptor 1 becomes stderr, the answer has one of its own.
    with os.fdopen(os.dup(1), "wb") as answer:
        os.dup2(2, 1)
        try:
            if words[0] == "ask":
                with open(words[1], "rb") as file:  # noqa: PTH123
                    function = load_function(words[1], file.read())
                answer.write(ask(function, _read_view(question)).astype("<f8").tobytes())
            else:
                _transcribe(question, answer)
        except BadAnswer as error:
            sys.stderr.write("\n" + json.dumps({"kind": error.kind, "message": str(error)[:500]}) + "\n")
            return EXIT_REFUSED
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], sys.stdin.buffer))
