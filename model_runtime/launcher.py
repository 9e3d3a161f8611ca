"""Starts one program in the sandbox, watches it, and ends everything it started. Run as `launcher.py SPEC`, SPEC in JSON.

Three processes: the launcher, which outlives the rest; the keeper, first process of the new namespaces, which builds the root,
watches and judges; the program. When the keeper ends, the kernel ends whatever is left in its namespace. Two JSON lines go to
the status descriptor: what could be enforced, and how the program ended. Standard library only.
"""

import contextlib
import json
import os
import resource
import signal
import sys
import time
from typing import Any

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))  # noqa: PTH100, PTH120

import kernel  # type: ignore[import-not-found, unused-ignore]

TICK_S = 0.03
PACKAGE, RUNTIME, SCRATCH = "/package", "/runtime", "/tmp"  # noqa: S108 - a private one
DEVICES = ("/dev/null", "/dev/zero", "/dev/urandom", "/dev/random")


def main(spec: dict[str, Any]) -> int:
    kernel.die_with_parent()
    if os.getppid() != spec["parent"]:
        return 1
    spaces = enter_namespaces()
    if not spaces:
        kernel.adopt_orphans()
    # A user that nothing else runs as: the limit on processes counts by user, and does not hold for root.
    spec["user"] = 0x30000000 + os.getpid()
    keeper = os.fork()
    if keeper == 0:
        try:
            os._exit(keep(spec, spaces))
        finally:
            os._exit(70)
    signal.signal(signal.SIGTERM, lambda *_: os.kill(keeper, signal.SIGKILL))
    os.waitpid(keeper, 0)
    if not spaces:
        end_descendants()
    return 0


def enter_namespaces() -> str:
    """`own`, `user` (by a user namespace) or nothing."""
    every = kernel.NEW_MOUNTS | kernel.NEW_PIDS | kernel.NEW_NETWORK | kernel.NEW_IPC | kernel.NEW_UTS
    with contextlib.suppress(OSError):
        kernel.unshare(every)
        return "own"
    user, group = os.getuid(), os.getgid()
    with contextlib.suppress(OSError):
        kernel.unshare(kernel.NEW_USER | every)
        for name, text in (("setgroups", "deny"), ("uid_map", f"{user} {user} 1"), ("gid_map", f"{group} {group} 1")):
            with open(f"/proc/self/{name}", "w") as file:  # noqa: PTH123
                file.write(text)
        return "user"
    return ""


def keep(spec: dict[str, Any], spaces: str) -> int:
    """The keeper: build, report, start, watch, judge."""
    kernel.die_with_parent()
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGCHLD})
    rooted, sees_processes = build_root(spec) if spaces else (False, True)
    ready, told = os.pipe()
    program = os.fork()
    if program == 0:
        os.close(ready)
        try:
            become(spec, spaces, rooted, told)
        except OSError as error:
            os.write(2, f"\n{error}\n".encode())
        finally:
            os._exit(126)
    os.close(told)
    with os.fdopen(ready, "rb") as pipe:
        restricted = json.loads(pipe.readline() or b"{}")
    say(spec, enforced(spaces, rooted, sees_processes, restricted))
    say(spec, watch(program, spec, sees_processes))
    return 0


def enforced(spaces: str, rooted: bool, sees_processes: bool, restricted: dict[str, bool]) -> dict[str, str]:
    landlock, seccomp = restricted.get("landlock", False), restricted.get("seccomp", False)
    return {
        "network": "+".join(name for name, on in (("namespace", bool(spaces)), ("seccomp", seccomp)) if on) or "none",
        "files": "+".join(name for name, on in (("private root", rooted), ("landlock", landlock)) if on) or "none",
        "memory": "address space" + (" and total of all processes" if sees_processes else ""),
        "processes": "namespace and limit" if spaces else "limit",
    }


def build_root(spec: dict[str, Any]) -> tuple[bool, bool]:
    """A root of the system's programs and libraries, read-only, with a scratch folder in memory; whether /proc is there."""
    root = spec["root"]
    try:
        kernel.make_mounts_private()
        kernel.mount("none", root, "tmpfs", kernel.NO_DEVICES_NO_SETUID, "size=4m,mode=755")
        for folder in (SCRATCH, PACKAGE, RUNTIME, "/proc", "/dev"):
            os.mkdir(root + folder)  # noqa: PTH102
        kernel.mount("none", root + SCRATCH, "tmpfs", kernel.NO_DEVICES_NO_SETUID, f"size={spec['scratch_bytes']},mode=1777")
        for path in spec["visible"]:
            show(root, path)
        for path in DEVICES:
            with open(root + path, "x"):  # noqa: PTH123
                kernel.bind(path, root + path, read_only=False)
        kernel.bind(spec["package"], root + PACKAGE)
        kernel.bind(spec["runtime"], root + RUNTIME)
    except OSError as error:
        os.write(2, f"private root: {error}\n".encode())
        return False, False  # the /proc that is left counts in another namespace
    sees_processes = True
    try:
        kernel.mount("proc", root + "/proc", "proc", kernel.NO_DEVICES_NO_SETUID | 8)
    except OSError:
        sees_processes = False
    kernel.set_read_only(root, recursive=False)
    kernel.enter_root(root)
    return True, sees_processes


def show(root: str, path: str) -> None:
    if os.path.islink(path):  # noqa: PTH114
        os.makedirs(os.path.dirname(root + path), exist_ok=True)  # noqa: PTH103, PTH120
        os.symlink(os.readlink(path), root + path)  # noqa: PTH115, PTH211
    elif os.path.isdir(path):  # noqa: PTH112
        os.makedirs(root + path, exist_ok=True)  # noqa: PTH103
        kernel.bind(path, root + path)
    elif os.path.exists(path):  # noqa: PTH110
        os.makedirs(os.path.dirname(root + path), exist_ok=True)  # noqa: PTH103, PTH120
        with open(root + path, "x"):  # noqa: PTH123
            kernel.bind(path, root + path)


def become(spec: dict[str, Any], spaces: str, rooted: bool, told: int) -> None:
    """Turn into the program: limits, another user where this one may, no privileges, no files, no calls; then run it."""
    kernel.die_with_parent()
    os.setsid()
    signal.pthread_sigmask(signal.SIG_SETMASK, set())
    for number in (signal.SIGPIPE, signal.SIGXFSZ):  # Python ignores them, and a program would inherit that
        signal.signal(number, signal.SIG_DFL)
    places = {PACKAGE: PACKAGE, RUNTIME: RUNTIME, SCRATCH: SCRATCH}
    if not rooted:
        places = {PACKAGE: spec["package"], RUNTIME: spec["runtime"], SCRATCH: spec["scratch"]}
    scratch = places[SCRATCH]
    os.chdir(scratch)
    limit(spec)
    if spaces == "own" and rooted:
        os.setgroups([])
        os.setresgid(spec["user"], spec["user"], spec["user"])
        os.setresuid(spec["user"], spec["user"], spec["user"])
    kernel.drop_privileges_for_good()
    readable = ["/"] if rooted else [*spec["visible"], "/proc/self", places[PACKAGE], places[RUNTIME]]
    writable = [scratch, *DEVICES]
    done = {"landlock": kernel.restrict_files(readable, writable), "seccomp": kernel.restrict_calls()}
    os.write(told, json.dumps(done).encode() + b"\n")
    command = [translated(word, places, spec["visible"]) for word in spec["command"]]
    environment = {**spec["environment"], "HOME": scratch, "TMPDIR": scratch}
    os.closerange(3, 1 << 12)
    os.execve(command[0], command, environment)  # noqa: S606


def translated(word: str, places: dict[str, str], visible: list[str]) -> str:
    """A path of the private root as one of this machine; what is visible under its own name, wherever it lies, stays."""
    if any(word.startswith(path + "/") for path in visible):
        return word
    for inside, outside in places.items():
        if word.startswith(inside + "/"):
            return outside + word[len(inside) :]
    return word


def limit(spec: dict[str, Any]) -> None:
    for kind, soft, hard in (
        (resource.RLIMIT_CPU, spec["cpu_s"], spec["cpu_s"] + 1),
        (resource.RLIMIT_AS, spec["address_space_bytes"], spec["address_space_bytes"]),
        (resource.RLIMIT_FSIZE, spec["scratch_bytes"], spec["scratch_bytes"]),
        (resource.RLIMIT_NOFILE, spec["open_files"], spec["open_files"]),
        (resource.RLIMIT_NPROC, spec["processes"], spec["processes"]),
        (resource.RLIMIT_CORE, 0, 0),
        (resource.RLIMIT_MEMLOCK, 0, 0),
        (resource.RLIMIT_MSGQUEUE, 0, 0),
    ):
        most = resource.getrlimit(kind)[1]
        if most != resource.RLIM_INFINITY:
            soft, hard = min(soft, most), min(hard, most)
        resource.setrlimit(kind, (soft, hard))


def watch(program: int, spec: dict[str, Any], sees_processes: bool) -> dict[str, Any]:
    """Wait for the program; stop it for its time, the memory of all its processes, or their number."""
    deadline = time.monotonic() + spec["wall_s"]
    while True:
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return {"stopped": "lost"}
            if pid == program:
                return {"code": os.waitstatus_to_exitcode(status)}
            if pid == 0:
                break
        if time.monotonic() > deadline:
            return {"stopped": "wall"}
        if sees_processes:
            tasks, memory_bytes = usage()
            if tasks >= spec["processes"]:
                return {"stopped": "processes"}
            if memory_bytes > spec["memory_bytes"] and proportional_bytes(memory_bytes) > spec["memory_bytes"]:
                return {"stopped": "memory"}
        signal.sigtimedwait({signal.SIGCHLD}, TICK_S)


def usage() -> tuple[int, int]:
    """Tasks and resident bytes of everything below this process."""
    page = resource.getpagesize()
    tasks = pages = 0
    for _, fields in descendants():
        tasks += int(fields[17])
        pages += int(fields[21])
    return tasks, pages * page


def proportional_bytes(resident_bytes: int) -> int:
    """Bytes of everything below this process, what several share counted once; what is resident where that cannot be read."""
    total = 0
    for pid, _ in descendants():
        try:
            with open(f"/proc/{pid}/smaps_rollup", "rb") as file:  # noqa: PTH123
                total += sum(int(line.split()[1]) * 1024 for line in file if line.startswith(b"Pss:"))
        except ProcessLookupError:
            continue
        except OSError:
            return resident_bytes
    return total


def descendants() -> list[tuple[int, list[bytes]]]:
    """Process number and fields of `/proc/PID/stat` from the state on, of every process below this one."""
    found: dict[int, list[bytes]] = {}
    for name in os.listdir("/proc"):  # noqa: PTH208
        if name.isdigit():
            with contextlib.suppress(OSError), open(f"/proc/{name}/stat", "rb") as file:  # noqa: PTH123
                found[int(name)] = file.read().rpartition(b")")[2].split()
    below = {os.getpid()}
    grown = True
    while grown:
        more = {pid for pid, fields in found.items() if int(fields[1]) in below} - below
        below |= more
        grown = bool(more)
    return [(pid, found[pid]) for pid in below if pid != os.getpid() and pid in found]


def end_descendants() -> None:
    """Without a namespace: kill until nothing is left; orphans come to this process."""
    while True:
        for pid, _ in descendants():
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        try:
            os.waitpid(-1, 0)
        except ChildProcessError:
            return


def say(spec: dict[str, Any], what: dict[str, Any]) -> None:
    os.write(spec["status"], json.dumps(what).encode() + b"\n")


if __name__ == "__main__":
    sys.exit(main(json.loads(sys.argv[1])))
