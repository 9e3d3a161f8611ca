"""One sandbox that answers many questions: the runtime of live decisions, and of everything that asks often."""

import fcntl
import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import ExitStack, suppress
from dataclasses import replace
from selectors import EVENT_READ, DefaultSelector
from tempfile import TemporaryFile
from typing import Any, Self

from model_runtime.refusals import Crashed, RuntimeRefused, TimedOut
from model_runtime.sandbox import (
    Ended,
    Enforced,
    Limits,
    end,
    exit_code,
    laid_out,
    last_line,
    launch,
    run_confined,
    specification,
    too_long,
)

RENEW_AFTER = 500
"""Questions that one sandbox answers: the processor time of its server is bounded like that of any program."""
LIFE_S = 30 * 86_400.0
HEAD_MAX_BYTES = 2**17
PIPE_BYTES = 2**20
PYTHON = (sys.executable, "-I", "-B")


class Session:
    """Asks one package many times, from as many threads as one likes. A context manager; nothing is left running afterwards.

    Each question is answered by a fresh process that has seen no other: `model_runtime.serve`. A question that goes beyond its
    limits ends the sandbox with it, and the next one starts another. Where this machine gives a package no process namespace of
    its own, each question has a sandbox of its own.
    """

    def __init__(self, contents: Mapping[str, bytes], limits: Limits) -> None:
        self._contents, self._limits = contents, limits
        self._idle: list[_Server] = []
        self._can_serve = True

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        while self._idle:
            self._idle.pop().close()

    def run(self, words: tuple[str, ...], data: bytes, output_max_bytes: int) -> Ended:
        """One question: a program of the package by its path, or words for `runner`. Raises as `run_confined` does."""
        server = self._idle_or_new()
        if server is None:
            return run_once(words, self._contents, data, self._limits, output_max_bytes)
        try:
            ended = server.ask(words, data, output_max_bytes)
        except BaseException:
            server.close()
            raise
        if server.asked < RENEW_AFTER:
            self._idle.append(server)
        else:
            server.close()
        return ended

    def _idle_or_new(self) -> "_Server | None":
        """None where this machine lets none serve."""
        try:
            return self._idle.pop()
        except IndexError:
            server = _Server(self._contents, self._limits) if self._can_serve else None
        if server is not None and not server.ready:
            self._can_serve = False
            server.close()
            return None
        return server


def run_once(words: tuple[str, ...], contents: Mapping[str, bytes], data: bytes, limits: Limits, output_max_bytes: int) -> Ended:
    """The same question in a sandbox of its own."""
    command = words if words[0].startswith("/") else (*PYTHON, "/runtime/runner.py", *words)
    return run_confined(command, contents, data, limits, output_max_bytes=output_max_bytes)


class _Server:
    """A running sandbox."""

    def __init__(self, contents: Mapping[str, bytes], limits: Limits) -> None:
        self.asked = 0
        self._limits, self._held, self._left = limits, bytearray(), ExitStack()
        self._known: bytes | None = None
        # The server is one process more than the package's own.
        held = replace(limits, wall_s=LIFE_S, processes=limits.processes + 1)
        try:
            folder = self._left.enter_context(laid_out(contents))
            spec = specification(folder, (*PYTHON, "/runtime/serve.py", "/tmp/"), held)  # noqa: S108 - a private one
            self._errors = TemporaryFile()  # noqa: SIM115 - closed with the rest
            self._left.enter_context(self._errors)
            self._launcher, self._told = launch(spec, subprocess.PIPE, self._errors)
            self._left.enter_context(self._told)
            self._left.callback(end, self._launcher)
            self._widen()
            self._deadline = time.monotonic() + limits.wall_s
            self.ready = bool(self._head()["ready"])
            self._enforced = Enforced(**json.loads(self._told.readline()))
        except BaseException:
            self._left.close()
            raise

    def ask(self, words: tuple[str, ...], data: bytes, output_max_bytes: int) -> Ended:
        self.asked += 1
        self._deadline = time.monotonic() + self._limits.wall_s
        again = data is self._known  # the very object, and bytes do not change: the server has them
        asked = json.dumps({"words": words, "bytes": None if again else len(data), "most": output_max_bytes}).encode()
        assert self._launcher.stdin is not None
        try:
            self._launcher.stdin.write(asked + b"\n")
            if not again:
                self._launcher.stdin.write(data)
            self._launcher.stdin.flush()
        except BrokenPipeError:
            raise self._lost() from None
        self._known = data
        head = self._head()
        if head["over"]:
            raise too_long(output_max_bytes)
        if not 0 <= head["bytes"] <= output_max_bytes:
            raise Crashed(f"the sandbox announced {head['bytes']} bytes where at most {output_max_bytes} may come")
        code = exit_code(head, self._limits)
        self._fill(head["bytes"])
        return Ended(self._take(head["bytes"]), str(head["messages"]), code, self._enforced)

    def close(self) -> None:
        self._left.close()

    def _widen(self) -> None:
        """Views are megabytes: a pipe of the usual 64 kB would wake both ends a thousand times."""
        for stream in (self._launcher.stdin, self._launcher.stdout):
            assert stream is not None
            with suppress(OSError):
                fcntl.fcntl(stream, fcntl.F_SETPIPE_SZ, PIPE_BYTES)

    def _head(self) -> dict[str, Any]:
        while b"\n" not in self._held:
            self._fill(len(self._held) + 1)
            if len(self._held) > HEAD_MAX_BYTES and b"\n" not in self._held:
                raise Crashed("the sandbox announced no answer")
        return dict(json.loads(self._take(self._held.index(b"\n") + 1)))

    def _fill(self, count: int) -> None:
        """Hold at least so many bytes, before the deadline of the question."""
        assert self._launcher.stdout is not None
        stream = self._launcher.stdout.fileno()
        with DefaultSelector() as selector:
            selector.register(stream, EVENT_READ)
            while len(self._held) < count:
                if not selector.select(max(0.0, self._deadline - time.monotonic())):
                    raise TimedOut(f"had no answer after {self._limits.wall_s:g} s: answer sooner, or ask for less of the view")
                chunk = os.read(stream, 2**20)
                if not chunk:
                    raise self._lost()
                self._held += chunk

    def _take(self, count: int) -> bytes:
        taken = bytes(self._held[:count])
        del self._held[:count]
        return taken

    def _lost(self) -> RuntimeRefused:
        """Why the sandbox ended before its answer."""
        end(self._launcher)
        verdict = json.loads((self._told.read().splitlines() or [b'{"code": null}'])[-1])
        if "stopped" in verdict:
            try:
                exit_code(verdict, self._limits)
            except RuntimeRefused as refusal:
                return refusal
        self._errors.seek(0)
        said = last_line(self._errors.read().decode("utf-8", "replace"))
        return Crashed(f"ended its own sandbox (code {verdict['code']}): {said}")
