"""One program, confined: files and input in, output out, nothing left running."""

import fcntl
import json
import os
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any

from model_runtime.private import private_folder
from model_runtime.refusals import Crashed, MemoryExceeded, RuntimeRefused, TimedOut, TooManyProcesses, TooMuchOutput

LAUNCHER = Path(__file__).with_name("launcher.py")
RUNTIME = tuple(Path(__file__).with_name(name) for name in ("runner.py", "serve.py"))
MESSAGES_MAX_BYTES = 2**16
GRACE_S = 10.0
"""The launcher keeps the time limit itself; only one that is stuck meets this end."""
SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/etc/ld.so.cache", "/etc/alternatives")
_INHERITED = ("OPENBLAS_CORETYPE",)
_STOPPED: dict[str, tuple[type[RuntimeRefused], str]] = {
    "wall": (TimedOut, "had no answer after {wall_s:g} s: answer sooner, or ask for less of the view"),
    "memory": (MemoryExceeded, "held more than {memory_bytes:,} bytes of memory: use less"),
    "processes": (TooManyProcesses, "ran {processes} processes and threads or more: start fewer"),
    "lost": (Crashed, "was lost by its keeper"),
}


@dataclass(frozen=True)
class Limits:
    """What one run of a package may use."""

    cpu_s: int = 120
    """Of each process; the wall clock bounds them together."""
    wall_s: float = 180.0
    address_space_bytes: int = 6 * 2**30
    memory_bytes: int = 3 * 2**30
    """Resident, of all its processes together."""
    scratch_bytes: int = 64 * 2**20
    """What it may write to its private folder, which is gone when it ends."""
    open_files: int = 64
    processes: int = 32
    """Processes and threads."""


@dataclass(frozen=True)
class Enforced:
    """By what means this machine holds a package to its limits; `none` where it cannot."""

    network: str
    files: str
    memory: str
    processes: str


@dataclass(frozen=True)
class Ended:
    """A run that kept its limits: what it wrote, its exit code (negative: the signal that ended it), and how it was held."""

    output: bytes
    messages: str
    code: int
    enforced: Enforced


def run_confined(
    command: tuple[str, ...], contents: Mapping[str, bytes], stdin: bytes, limits: Limits, *, output_max_bytes: int
) -> Ended:
    """Run `command` on a copy of `contents`, which it finds read-only below /package, beside /runtime/runner.py.

    Words of the command that begin with /package/ or /runtime/ are those files. The copy lies in memory where this machine
    allows, in a folder that no other user may enter. Raises TimedOut, MemoryExceeded, TooManyProcesses or TooMuchOutput where
    it went beyond its limits; whatever it started has ended on return.
    """
    with laid_out(contents) as folder:
        return _supervise(specification(folder, command, limits), stdin, limits, output_max_bytes)


@contextmanager
def laid_out(contents: Mapping[str, bytes]) -> Iterator[Path]:
    """A private folder with the package, the runtime and the places that a run needs; gone afterwards."""
    with private_folder() as folder:
        for name, data in contents.items():
            _lay(folder / "package" / name, data)
        for file in RUNTIME:
            _lay(folder / "runtime" / file.name, file.read_bytes())
        for name in ("root", "scratch", "package"):
            (folder / name).mkdir(exist_ok=True)
        yield folder


def _lay(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    path.chmod(0o755)


def specification(folder: Path, command: tuple[str, ...], limits: Limits) -> dict[str, Any]:
    """What the launcher is told."""
    threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS"), "1")
    inherited = {name: os.environ[name] for name in _INHERITED if name in os.environ}
    environment = {"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "ARROW_DEFAULT_MEMORY_POOL": "system", **threads, **inherited}
    places = {name: str(folder / name) for name in ("root", "package", "runtime", "scratch")}
    return {
        **asdict(limits),
        **places,
        "command": command,
        "environment": environment,
        "visible": _visible(),
        "parent": os.getpid(),
    }


def _visible() -> list[str]:
    """What a program may read of this machine: the system's programs and libraries, and this Python with its packages."""
    pythons = {sys.prefix, sys.base_prefix}
    return [*SYSTEM, *sorted(path for path in pythons if not any(Path(path).is_relative_to(folder) for folder in SYSTEM))]


def _supervise(spec: dict[str, Any], stdin: bytes, limits: Limits, output_max_bytes: int) -> Ended:
    source = _sealed(stdin)
    try:
        launcher, told = launch(spec, source, subprocess.PIPE)
    finally:
        os.close(source)
    with told:
        try:
            output, messages, said = _drain(launcher, told, limits.wall_s + GRACE_S, output_max_bytes)
        finally:
            end(launcher)
    return _judged(output, messages, said, limits, output_max_bytes)


def launch(spec: dict[str, Any], stdin: int, stderr: int | IO[bytes]) -> tuple["subprocess.Popen[bytes]", IO[bytes]]:
    """The launcher, and what it will say: how the program is held, and how it ended."""
    told, status = os.pipe()
    try:
        launcher = subprocess.Popen(  # noqa: S603
            [sys.executable, "-I", "-S", str(LAUNCHER), json.dumps({**spec, "status": status})],
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=stderr,
            pass_fds=(status,),
            start_new_session=True,
            env={"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"},
        )
    except BaseException:
        os.close(told)
        raise
    finally:
        os.close(status)
    return launcher, os.fdopen(told, "rb")


def _sealed(data: bytes) -> int:
    """A descriptor of these bytes that no one can change or grow."""
    descriptor = os.memfd_create("view", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    with os.fdopen(os.dup(descriptor), "wb") as file:
        file.write(data)
    os.lseek(descriptor, 0, os.SEEK_SET)
    fcntl.fcntl(descriptor, fcntl.F_ADD_SEALS, fcntl.F_SEAL_SEAL | fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_WRITE)
    return descriptor


def _drain(
    launcher: "subprocess.Popen[bytes]", told: IO[bytes], patience_s: float, output_max_bytes: int
) -> tuple[bytes, bytes, bytes]:
    """Read until all three streams end; beyond its limit the output is thrown away and the program stopped."""
    assert launcher.stdout is not None
    assert launcher.stderr is not None
    most = {launcher.stdout.fileno(): output_max_bytes + 1, launcher.stderr.fileno(): MESSAGES_MAX_BYTES, told.fileno(): 2**12}
    held = {descriptor: bytearray() for descriptor in most}
    deadline = time.monotonic() + patience_s
    with selectors.DefaultSelector() as selector:
        for descriptor in most:
            selector.register(descriptor, selectors.EVENT_READ)
        while selector.get_map():
            for key, _ in selector.select(timeout=1.0):
                chunk = os.read(key.fd, 2**20)
                if not chunk:
                    selector.unregister(key.fd)
                held[key.fd] += chunk
                if key.fd == launcher.stderr.fileno():
                    del held[key.fd][: -most[key.fd]]  # the end of the messages says why
                elif len(held[key.fd]) >= most[key.fd]:
                    del held[key.fd][most[key.fd] :]
                    launcher.send_signal(signal.SIGTERM)
            if time.monotonic() > deadline:
                break
    output, messages, said = (bytes(content) for content in held.values())
    return output, messages, said


def end(launcher: "subprocess.Popen[bytes]") -> None:
    """The launcher ends once everything below it has."""
    if launcher.poll() is None:
        launcher.send_signal(signal.SIGTERM)
        try:
            launcher.wait(GRACE_S)
        except subprocess.TimeoutExpired:
            os.killpg(launcher.pid, signal.SIGKILL)
            launcher.wait()
    for stream in (launcher.stdin, launcher.stdout, launcher.stderr):
        if stream is not None:
            stream.close()


def _judged(output: bytes, messages: bytes, said: bytes, limits: Limits, output_max_bytes: int) -> Ended:
    lines = [json.loads(line) for line in said.splitlines()]
    if len(output) > output_max_bytes:
        raise too_long(output_max_bytes)
    text = messages.decode("utf-8", "replace")
    if len(lines) < 2:
        raise Crashed(f"could not be started in the sandbox: {last_line(text)}")
    return Ended(output, text, exit_code(lines[1], limits), Enforced(**lines[0]))


def exit_code(verdict: Mapping[str, Any], limits: Limits) -> int:
    """Of a program that kept its limits. Raises the refusal of the limit that it met."""
    if "stopped" in verdict:
        refusal, sentence = _STOPPED[verdict["stopped"]]
        raise refusal(sentence.format(**asdict(limits)))
    code = int(verdict["code"])
    if code in (-signal.SIGXCPU, -signal.SIGKILL):
        raise TimedOut(f"used more than {limits.cpu_s} s of processor time: use less")
    return code


def too_long(most_bytes: int) -> TooMuchOutput:
    """The refusal of an answer beyond its longest form."""
    return TooMuchOutput(f"wrote more than the {most_bytes:,} bytes of the longest answer: write the answer only")


def last_line(messages: str) -> str:
    """The last thing a program said, shortened; where it said nothing, that."""
    lines = [line.strip() for line in messages.splitlines() if line.strip()]
    return lines[-1][:300] if lines else "it said nothing"
