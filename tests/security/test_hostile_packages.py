"""Hostile packages end in the right refusal, within their limits, with nothing left running and nothing left behind.

All of them run in the sandbox with small limits; what could hurt the machine is tried only where it holds them.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from model_runtime.package import Package, load_package
from model_runtime.predictions import asking, enforcement, predict
from model_runtime.refusals import RuntimeRefused
from model_runtime.sandbox import Limits
from tests.unit.model_runtime.packages import view_for_tests, write_package

LIMITS = Limits(cpu_s=1, wall_s=30.0, memory_bytes=400 * 2**20, scratch_bytes=2**20, processes=12)
HELD = enforcement()

LOOP = "def predict(view):\n    while True:\n        pass"
SLEEP = "import time\ndef predict(view):\n    time.sleep(1000)"
MEMORY = """
import numpy as np
def predict(view):
    held = []
    while True:
        held.append(np.ones(2_000_000))
"""
ONE_GREAT_PIECE = "import numpy as np\ndef predict(view):\n    return np.ones(10**12)"
FORKS = """
import os
def predict(view):
    while True:
        try:
            os.fork()
        except OSError:
            pass
"""
THREADS = """
import threading, time
def predict(view):
    while True:
        try:
            threading.Thread(target=time.sleep, args=(1000,)).start()
        except RuntimeError:
            pass
"""
GIGABYTE = """
import os
def predict(view):
    for descriptor in (1, 3, 4, 5):
        try:
            for _ in range(1000):
                os.write(descriptor, b"x" * 1_000_000)
        except OSError:
            pass
    return view.close
"""
FULL_SCRATCH = """
def predict(view):
    with open("/tmp/x", "wb") as file:
        while True:
            file.write(b"x" * 100_000)
"""
HIDDEN_MEMORY = """
import os
def predict(view):
    descriptor = os.memfd_create("x")
    while True:
        os.write(descriptor, b"x" * 1_000_000)
"""
ENDS_OTHERS = (
    "import os\ndef predict(view):\n    os.kill(-1, 9)\n    os.kill(os.getppid(), 9)\n    raise ValueError('still here')"
)
DETACHED = """
import os, time
def predict(view):
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            time.sleep(1000)
        os._exit(0)
    return view.close
"""
NEW_NAMESPACE = "import ctypes, os\ndef predict(view):\n    assert ctypes.CDLL(None).unshare(0x10000000) == 0, 'refused'"


def confined(place: Path, code: str) -> Package:
    return load_package(write_package(place / "package", code))


@pytest.fixture(autouse=True)
def nothing_stays(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No process, no folder: what was started has ended when the answer is there."""
    places = tmp_path_factory.mktemp("places")
    monkeypatch.setattr(tempfile, "tempdir", str(places))
    before = set(psutil.Process().children(recursive=True))
    yield
    assert set(psutil.Process().children(recursive=True)) <= before
    assert orphans() == []
    assert list(places.iterdir()) == []


def orphans() -> list[psutil.Process]:
    """Packages that run although no launcher watches them any more."""
    found = []
    for process in psutil.process_iter():
        try:
            if {"/runtime/runner.py", "/runtime/serve.py"} & set(process.cmdline()):
                above = [word for parent in process.parents() for word in parent.cmdline()]
                found += [] if any(word.endswith("/launcher.py") for word in above) else [process]
        except (psutil.NoSuchProcess, psutil.AccessDenied, psutil.ZombieProcess):
            continue
    return found


@pytest.mark.parametrize(
    ("code", "kind", "sentence"),
    [
        pytest.param(LOOP, "time", "used more than 1 s of processor time", id="endless loop"),
        pytest.param(MEMORY, "memory", "held more than 419,430,400 bytes", id="memory bomb"),
        pytest.param(ONE_GREAT_PIECE, "memory", "MemoryError", id="one great piece of memory"),
        pytest.param(FORKS, "processes", "ran 12 processes and threads or more", id="fork bomb"),
        pytest.param(THREADS, "processes", "ran 12 processes and threads or more", id="thread bomb"),
        pytest.param(GIGABYTE, "output", "wrote more than the", id="a gigabyte of output"),
        pytest.param(FULL_SCRATCH, "crash", "File too large|No space left", id="scratch filled"),
        pytest.param(HIDDEN_MEMORY, "crash", "Operation not permitted", id="memory that no limit counts"),
        pytest.param(ENDS_OTHERS, "crash", "No such process|not permitted", id="kill everything"),
        pytest.param(NEW_NAMESPACE, "crash", "AssertionError: refused", id="a namespace of its own"),
        pytest.param("def predict(view):\n    return view.close * float('inf')", "infinite", "60 infinite ones", id="infinities"),
        pytest.param("def predict(view):\n    return view.close[:, :1]", "shape", r"shape \(30, 2\)", id="wrong shape"),
        pytest.param("def predict(view):\n    return view.close.astype('f4')", "shape", "float32", id="wrong type"),
        pytest.param("import os\ndef predict(view):\n    os._exit(0)", "shape", "got 0", id="no answer"),
        pytest.param("import os\ndef predict(view):\n    os.abort()", "crash", "signal 6", id="abort"),
        pytest.param("import ctypes\ndef predict(view):\n    ctypes.string_at(0)", "crash", "signal 11", id="segmentation fault"),
        pytest.param("import sys\ndef predict(view):\n    sys.exit(3)", "crash", "SystemExit", id="exit"),
        pytest.param(
            "import os\ndef predict(view):\n    return view.close * os.urandom(1)[0]",
            "nondeterminism",
            "two answers",
            id="random",
        ),
        pytest.param(
            "def predict(view):\n    return view.close * (hash('x') % 97)", "nondeterminism", "two answers", id="hash order"
        ),
        pytest.param(
            "import time\ndef predict(view):\n    return view.close * time.time()",
            "nondeterminism",
            "two answers",
            id="the clock",
        ),
        pytest.param("import domain\ndef predict(view):\n    return 0", "crash", "No module named 'domain'", id="the house"),
    ],
)
def test_each_ends_in_its_own_refusal(tmp_path: Path, code: str, kind: str, sentence: str) -> None:
    # On a slow machine a gigabyte takes longer to write, and memory longer to fill, than the others may take in all.
    limits = replace(LIMITS, cpu_s=30, wall_s=60.0) if kind in ("output", "memory") else LIMITS
    with pytest.raises(RuntimeRefused, match=sentence) as refused:
        predict(confined(tmp_path, code), view_for_tests(), limits=limits)
    assert refused.value.kind == kind
    assert str(refused.value).startswith("made-up: ")


def test_a_hang_ends_by_the_wall_clock(tmp_path: Path) -> None:
    with pytest.raises(RuntimeRefused, match="no answer after 1 s") as refused:
        predict(confined(tmp_path, SLEEP), view_for_tests(), limits=replace(LIMITS, wall_s=1.0))
    assert refused.value.kind == "time"


@pytest.mark.skipif(HELD.network == "none", reason=f"this machine cannot keep a program off the network: {HELD}")
@pytest.mark.parametrize(
    "call",
    [
        "socket.create_connection(('127.0.0.1', 9), timeout=1)",
        "socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'x', ('127.0.0.1', 9))",
        "socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)",
    ],
)
def test_the_network_is_out_of_reach(tmp_path: Path, call: str) -> None:
    code = f"import socket\ndef predict(view):\n    {call}\n    return view.close"
    with pytest.raises(RuntimeRefused, match=r"not permitted|unreachable|Permission denied") as refused:
        predict(confined(tmp_path, code), view_for_tests(), limits=LIMITS)
    assert refused.value.kind == "crash"


@pytest.mark.skipif(HELD.files == "none", reason=f"this machine cannot keep a program from its files: {HELD}")
@pytest.mark.parametrize(
    "target", ["{place}/outside", "/usr/outside", "/package/outside", "/package/strategy.py", "/runtime/runner.py"]
)
def test_nothing_is_written_outside(tmp_path: Path, target: str) -> None:
    path = target.format(place=tmp_path)
    code = f"def predict(view):\n    open({path!r}, 'w').write('x')\n    return view.close"
    package = confined(tmp_path, code)
    with pytest.raises(RuntimeRefused, match=r"Read-only|Permission denied|No such file") as refused:
        predict(package, view_for_tests(), limits=LIMITS)
    assert refused.value.kind == "crash"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["package"]


@pytest.mark.skipif(HELD.files == "none", reason=f"this machine cannot keep a program from its files: {HELD}")
def test_nothing_of_the_desk_is_read(tmp_path: Path) -> None:
    """The future lies in the lake and the keys lie beside it: a strategy sees neither."""
    (tmp_path / "secret").write_text("x")
    for path in (tmp_path / "secret", Path(__file__), Path("/etc/passwd"), Path("/proc/1/environ")):
        code = f"def predict(view):\n    open({str(path)!r}).read()\n    return view.close"
        with pytest.raises(RuntimeRefused, match=r"No such file|Permission denied"):
            predict(confined(tmp_path, code), view_for_tests(), limits=LIMITS)


def asked_twice(package: Package) -> list[list[float]]:
    """What two questions of one session are answered, first row of the second symbol: as a live pod asks."""
    view = view_for_tests()
    with asking(package, limits=LIMITS) as ask:
        return [ask(view)[0].tolist() for _ in range(2)]


REMEMBERS = {
    "a file": """
    import os
    os.makedirs("/tmp/a/b", exist_ok=True)
    os.path.lexists("/tmp/link") or os.symlink("/package", "/tmp/link")
    known = os.path.exists("/tmp/a/b/seen")
    open("/tmp/a/b/seen", "w").close()
    os.chmod("/tmp/a/b", 0o500)
    os.chmod("/tmp/a", 0o000)
""",
    "a process": """
    import os, time
    known = sum(name.isdigit() for name in os.listdir("/proc")) > 3
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            time.sleep(1000)
        os._exit(0)
""",
    "its module": """
    import sys
    known = hasattr(sys, "seen")
    sys.seen = True
""",
    "the server's memory": """
    import os
    try:
        known = bool(open(f"/proc/{os.getppid()}/mem", "r+b"))
    except OSError:
        known = False
""",
    "a message queue": """
    import ctypes
    known = ctypes.CDLL(None).msgget(0, 0o1600) >= 0
""",
    "a semaphore": """
    import ctypes
    known = ctypes.CDLL(None).semget(0, 1, 0o1600) >= 0
""",
}


@pytest.mark.skipif("namespace" not in HELD.processes, reason=f"each question has its own sandbox here: {HELD}")
@pytest.mark.parametrize("where", REMEMBERS)
def test_nothing_is_remembered_from_one_question_to_the_next(tmp_path: Path, where: str) -> None:
    code = f"import numpy as np\ndef predict(view):{REMEMBERS[where]}    return np.full_like(view.close, float(known))"
    assert asked_twice(confined(tmp_path, code)) == [[0.0, 0.0], [0.0, 0.0]]


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (LOOP, "time"),
        (SLEEP, "time"),
        (MEMORY, "memory"),
        (FORKS, "processes"),
        (GIGABYTE, "output"),
        (ENDS_OTHERS, "crash"),
        ("def predict(view):\n    raise ValueError('no')", "crash"),
    ],
)
def test_a_session_outlives_a_question_that_ends_badly(tmp_path: Path, code: str, kind: str) -> None:
    bad = f"{code}\nbad = predict\ndef predict(view):\n    return bad(view) if view.close[0, 0] > 1e6 else view.close"
    view, limits = (
        view_for_tests(),
        replace(LIMITS, wall_s=3.0 if code == SLEEP else 30.0, cpu_s=20 if kind in ("output", "memory") else 1),
    )
    with asking(confined(tmp_path, bad), limits=limits) as ask:
        with pytest.raises(RuntimeRefused) as refused:
            ask(replace(view, close=view.close * 1e6))
        assert refused.value.kind == kind
        assert ask(view).tolist() == view.close.tolist()


def test_what_it_leaves_running_ends_with_it_and_its_answer_counts(tmp_path: Path) -> None:
    view = view_for_tests()
    assert predict(confined(tmp_path, DETACHED), view, limits=LIMITS).tolist() == view.close.tolist()


def test_what_it_prints_is_no_part_of_its_answer(tmp_path: Path) -> None:
    code = "import os\nprint('hello')\ndef predict(view):\n    print('hello')\n    os.write(1, b'garbage')\n    return view.close"
    view = view_for_tests()
    assert predict(confined(tmp_path, code), view, limits=LIMITS).tolist() == view.close.tolist()


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        ("print('hello')", "garbled"),
        ("", "garbled"),
        ("print('time,symbol,prediction\\nx,y,z')", "garbled"),
        ("print('time,symbol,prediction\\n0,A,0.1')", "shape"),
        ("import sys; sys.stdout.buffer.write(bytes(range(256)))", "garbled"),
    ],
)
def test_garbage_from_a_program_is_named(tmp_path: Path, answer: str, kind: str) -> None:
    folder = write_package(tmp_path / "package", "", entry="program", protocol="csv")
    (folder / "program").write_text(f"#!/usr/bin/env -S {os.path.realpath(sys.executable)}\n{answer}\n")
    with pytest.raises(RuntimeRefused) as refused:
        predict(load_package(folder), view_for_tests(), limits=LIMITS)
    assert refused.value.kind == kind


WITHOUT_NAMESPACES = """
import json, sys
from pathlib import Path
from model_runtime import kernel
kernel._FORBIDDEN = {"x86_64": (272,), "aarch64": (97,)}
kernel.drop_privileges_for_good()
assert kernel.restrict_calls()
from model_runtime.package import load_package
from model_runtime.predictions import asking, enforcement, predict
from model_runtime.refusals import RuntimeRefused
from tests.security.test_hostile_packages import LIMITS, orphans
from tests.unit.model_runtime.packages import view_for_tests
answers = {"files": enforcement().files, "sockets": enforcement().network}
for folder in map(Path, sys.argv[1:]):
    try:
        predict(load_package(folder), view_for_tests(), limits=LIMITS, twice=False)
        answers[folder.name] = "answered"
    except RuntimeRefused as refusal:
        answers[folder.name] = refusal.kind
print(json.dumps({**answers, "orphans": len(orphans())}))
"""


def test_where_no_namespace_is_allowed_the_other_layers_hold(tmp_path: Path) -> None:
    """Emulated by a filter that forbids `unshare`: what is left are Landlock, seccomp, limits and the keeper."""
    codes = {
        "detached": DETACHED,
        "forks": FORKS,
        "outside": f"def predict(view):\n    open({str(tmp_path / 'x')!r}, 'w')\n    return view.close",
        "network": "import socket\ndef predict(view):\n    socket.socket()\n    return view.close",
    }
    folders = [write_package(tmp_path / name, code) for name, code in codes.items()]
    root = Path(__file__).parents[2]
    ended = subprocess.run(
        [sys.executable, "-c", WITHOUT_NAMESPACES, *map(str, folders)],
        cwd=root, capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert ended.returncode == 0, ended.stderr
    answers = json.loads(ended.stdout)
    if answers["files"] == "none":
        pytest.skip("NO LANDLOCK: without namespaces this machine cannot keep a program from its files")
    assert answers == {
        "files": "landlock", "sockets": "seccomp", "detached": "answered", "forks": "processes", "outside": "crash",
        "network": "crash", "orphans": 0,
    }  # fmt: skip
