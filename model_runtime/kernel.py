"""What the sandbox asks of the Linux kernel, by ctypes. Standard library only: this runs before anything else does."""

import ctypes
import os
import platform
import struct
from collections.abc import Iterable

_libc = ctypes.CDLL(None, use_errno=True)

NEW_MOUNTS, NEW_UTS, NEW_IPC, NEW_USER, NEW_PIDS, NEW_NETWORK = 0x20000, 0x4000000, 0x8000000, 0x10000000, 0x20000000, 0x40000000
NO_DEVICES_NO_SETUID = 0x2 | 0x4

_MOUNT_BIND, _MOUNT_RECURSIVE, _MOUNT_PRIVATE, _DETACH = 4096, 16384, 1 << 18, 2
_PR_SET_PDEATHSIG, _PR_CAPBSET_DROP, _PR_SET_NO_NEW_PRIVS, _PR_SET_SUBREAPER, _PR_SET_SECCOMP = 1, 24, 38, 36, 22
_SYS_MOUNT_SETATTR, _SYS_LANDLOCK_CREATE, _SYS_LANDLOCK_ADD, _SYS_LANDLOCK_RESTRICT = 442, 444, 445, 446
_AT_FDCWD, _AT_RECURSIVE = -100, 0x8000
_READ_ONLY = 1


def unshare(flags: int) -> None:
    _checked(_libc.unshare(flags))


def mount(source: str, target: str, kind: str = "", flags: int = 0, options: str = "") -> None:
    _checked(_libc.mount(source.encode(), target.encode(), kind.encode(), ctypes.c_ulong(flags), options.encode()))


def make_mounts_private() -> None:
    mount("none", "/", flags=_MOUNT_RECURSIVE | _MOUNT_PRIVATE)


def bind(source: str, target: str, *, read_only: bool = True) -> None:
    """Show `source` at `target`, with everything below it."""
    mount(source, target, flags=_MOUNT_BIND | _MOUNT_RECURSIVE)
    if read_only:
        set_read_only(target, recursive=True)


def set_read_only(target: str, *, recursive: bool) -> None:
    attributes = struct.pack("=QQQQ", _READ_ONLY | 0x2, 0, 0, 0)  # read-only, set-user-id ignored
    flags = _AT_RECURSIVE if recursive else 0
    _checked(_libc.syscall(_SYS_MOUNT_SETATTR, _AT_FDCWD, target.encode(), flags, attributes, len(attributes)))


def enter_root(folder: str) -> None:
    """Make `folder`, a mount point, the root; what was the root can be reached no more."""
    os.chdir(folder)
    pivot_root = {"x86_64": 155, "aarch64": 41}[platform.machine()]
    _checked(_libc.syscall(pivot_root, b".", b"."))
    _checked(_libc.umount2(b".", _DETACH))
    os.chdir("/")


def die_with_parent() -> None:
    _checked(_libc.prctl(_PR_SET_PDEATHSIG, 9, 0, 0, 0))


def adopt_orphans() -> None:
    _checked(_libc.prctl(_PR_SET_SUBREAPER, 1, 0, 0, 0))


def drop_privileges_for_good() -> None:
    """No program started from here on gains any capability."""
    for capability in range(64):
        if _libc.prctl(_PR_CAPBSET_DROP, capability, 0, 0, 0) != 0:
            break
    _checked(_libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))


def restrict_files(readable: Iterable[str], writable: Iterable[str]) -> bool:
    """Landlock: read and run below `readable`, anything below `writable`, nothing else; no TCP. False where there is none."""
    version = _libc.syscall(_SYS_LANDLOCK_CREATE, None, ctypes.c_size_t(0), 1)
    if version < 1:
        return False
    every = (1 << {1: 13, 2: 14}.get(version, 15 if version < 5 else 16)) - 1
    attributes = struct.pack("=QQQ", every, 3 if version >= 4 else 0, 3 if version >= 6 else 0)
    size = 8 if version < 4 else 16 if version < 6 else 24
    rules = _libc.syscall(_SYS_LANDLOCK_CREATE, attributes, ctypes.c_size_t(size), 0)
    if rules < 0:
        return False
    run_and_read = 1 << 0 | 1 << 2 | 1 << 3
    for access, paths in ((run_and_read, readable), (every, writable)):
        for path in paths:
            _allow(rules, path, access, every)
    granted = int(_libc.syscall(_SYS_LANDLOCK_RESTRICT, rules, 0)) == 0
    os.close(rules)
    return granted


def _allow(rules: int, path: str, access: int, every: int) -> None:
    try:
        descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except FileNotFoundError:
        return
    if not os.path.isdir(path):  # noqa: PTH112 - rules on files may not speak of folders
        access &= every & (1 << 0 | 1 << 1 | 1 << 2 | 1 << 14 | 1 << 15)
    _checked(_libc.syscall(_SYS_LANDLOCK_ADD, rules, 1, struct.pack("=Qi", access, descriptor), 0))
    os.close(descriptor)


_FORBIDDEN = {
    # socket, ptrace, mount, umount2, pivot_root, chroot, unshare, setns, bpf, keyctl, add_key, request_key, perf_event_open,
    # userfaultfd, process_vm_readv, process_vm_writev, open_by_handle_at, memfd_create, shmget, io_uring_setup, semget, msgget.
    # Those from memfd_create to io_uring_setup make memory or sockets that no limit of a process counts; semaphores and message
    # queues would outlive the process that answered one question, and tell the next.
    "x86_64": (41, 101, 165, 166, 155, 161, 272, 308, 321, 250, 248, 249, 298, 323, 310, 311, 304, 319, 29, 425, 64, 68),
    "aarch64": (198, 117, 40, 39, 41, 51, 97, 268, 280, 219, 217, 218, 241, 282, 270, 271, 265, 279, 194, 425, 190, 186),
}
_ARCHITECTURE = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
_CLONE = {"x86_64": 56, "aarch64": 220}
_CLONE3 = 435
_ALLOW, _KILL, _EPERM, _ENOSYS = 0x7FFF0000, 0x80000000, 0x50000 | 1, 0x50000 | 38


def restrict_calls() -> bool:
    """Seccomp: no sockets, namespaces, tracing or memory outside the limits. False where there is no such filter here."""
    machine = platform.machine()
    if machine not in _FORBIDDEN:
        return False
    load, equal, at_least, has_bits, answer = 0x20, 0x15, 0x35, 0x45, 0x06
    program = [(load, 0, 0, 4), (equal, 1, 0, _ARCHITECTURE[machine]), (answer, 0, 0, _KILL), (load, 0, 0, 0)]
    if machine == "x86_64":  # the x32 numbers of the same calls
        program += [(at_least, 0, 1, 0x40000000), (answer, 0, 0, _EPERM)]
    for number in _FORBIDDEN[machine]:
        program += [(equal, 0, 1, number), (answer, 0, 0, _EPERM)]
    program += [(equal, 0, 1, _CLONE3), (answer, 0, 0, _ENOSYS)]  # its flags lie in memory: callers fall back to clone
    program += [(equal, 0, 3, _CLONE[machine]), (load, 0, 0, 16), (has_bits, 0, 1, NEW_USER), (answer, 0, 0, _EPERM)]
    program += [(answer, 0, 0, _ALLOW)]
    code = ctypes.create_string_buffer(b"".join(struct.pack("=HBBI", *step) for step in program))
    header = struct.pack("@HP", len(program), ctypes.addressof(code))
    return int(_libc.prctl(_PR_SET_SECCOMP, 2, header, 0, 0)) == 0


def _checked(result: int) -> None:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
