"""Answers question after question inside the sandbox, each in a process that knows nothing of the ones before.

Loading an interpreter and its libraries is most of what one question costs; here that is done once and each question forks. The
package's own code runs in the fork alone. After every answer all other processes are killed and the scratch folder is emptied, so
that nothing a strategy saw outlives its answer. Standard library, and what `runner` loads.

On stdin a JSON line {words, bytes, most}, then that many bytes of input; `bytes` null: the input is the one of before. On stdout
a JSON line {code, over, bytes, messages}, then that many bytes of output. The first line of all says whether this may serve: it
needs a process namespace of its own.
"""

import contextlib
import ctypes
import io
import json
import os
import selectors
import shutil
import signal
import sys
from typing import Any, BinaryIO

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))  # noqa: PTH100, PTH120

import runner  # type: ignore[import-not-found, unused-ignore]

MESSAGES_MAX_BYTES = 2**14
CHUNK_BYTES = 2**20
_DUMPABLE, _SUBREAPER = 4, 36
_libc = ctypes.CDLL(None, use_errno=True)


def main(scratch: str) -> int:
    questions, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    alone = os.getppid() == 1  # the keeper of a namespace: everything else in it is of this package
    _tell(answers, {"ready": alone}, b"")
    if not alone:
        return 0
    _libc.prctl(_DUMPABLE, 0, 0, 0, 0)  # a fork of the same user may not look into this process
    _libc.prctl(_SUBREAPER, 1, 0, 0, 0)
    import pyarrow.csv
    import pyarrow.ipc

    pyarrow.array([1.0]).to_numpy()  # what the first conversion loads lazily
    data, there = b"", frozenset(os.listdir(scratch))  # noqa: PTH208 - where this Python lies below it, not to be touched
    while line := questions.readline():
        asked = json.loads(line)
        data = data if asked["bytes"] is None else questions.read(asked["bytes"])
        code, over, output, messages = _answered(asked["words"], data, asked["most"])
        _leave_nothing(scratch, there)
        said = messages[-MESSAGES_MAX_BYTES:].decode("utf-8", "replace")
        _tell(answers, {"code": code, "over": over, "bytes": len(output), "messages": said}, output)
    return 0


def _tell(stream: BinaryIO, head: dict[str, Any], body: bytes) -> None:
    stream.write(json.dumps(head).encode() + b"\n" + body)
    stream.flush()


def _answered(words: list[str], data: bytes, most: int) -> tuple[int, bool, bytes, bytes]:
    """Exit code, whether the answer was too long, the answer, and what was said on stderr."""
    pipes = [os.pipe() for _ in range(3)]
    child = os.fork()
    if child == 0:
        try:
            _become(words, data, pipes)
        finally:
            os._exit(126)
    (source, feed), (output, out_end), (messages, message_end) = pipes
    for end in (source, out_end, message_end):
        os.close(end)
    ended = os.pidfd_open(child)
    given = data if words[0].startswith("/") else b""  # a fork of this program has it
    over, answer, said = _exchange(feed, given, output, messages, ended, most)
    os.close(ended)
    if over:
        os.kill(child, signal.SIGKILL)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), over, answer, said


def _become(words: list[str], data: bytes, pipes: list[tuple[int, int]]) -> None:
    for end, standard in ((pipes[0][0], 0), (pipes[1][1], 1), (pipes[2][1], 2)):
        os.dup2(end, standard)
    os.closerange(3, 1 << 12)
    _libc.prctl(_DUMPABLE, 1, 0, 0, 0)
    if words[0].startswith("/"):
        os.execv(words[0], words)  # noqa: S606
    code = runner.main(words, io.BytesIO(data))
    sys.stderr.flush()
    os._exit(code)


def _exchange(feed: int, data: bytes, output: int, messages: int, ended: int, most: int) -> tuple[bool, bytes, bytes]:
    """Feed the question and read both streams until the child has ended and they are empty, or until the answer is too long."""
    held = {output: bytearray(), messages: bytearray()}
    rest = memoryview(data)
    with selectors.DefaultSelector() as selector:
        selector.register(feed, selectors.EVENT_WRITE)
        for end in (output, messages, ended):
            os.set_blocking(end, False)
            selector.register(end, selectors.EVENT_READ)
        os.set_blocking(feed, False)
        going = True
        while going and len(held[output]) <= most:
            ready = [key.fd for key, _ in selector.select()]
            going = ended not in ready
            for end, content in held.items():
                # What it started may hold the streams open: once it has ended, what they hold by then is all.
                while len(held[output]) <= most and (chunk := _read(end)):
                    content += chunk
                if end in ready and chunk == b"":
                    selector.unregister(end)
            del held[messages][:-MESSAGES_MAX_BYTES]
            if feed in ready and not (rest := _fed(feed, rest)):
                selector.unregister(feed)
                os.close(feed)
                feed = -1
    for end in (output, messages, *([feed] if feed >= 0 else [])):
        os.close(end)
    over = len(held[output]) > most
    return over, b"" if over else bytes(held[output]), bytes(held[messages])


def _read(end: int) -> bytes | None:
    """None where there is nothing yet, empty at the end."""
    try:
        return os.read(end, CHUNK_BYTES)
    except BlockingIOError:
        return None


def _fed(feed: int, rest: memoryview) -> memoryview:
    try:
        return rest[os.write(feed, rest[:CHUNK_BYTES]) :]
    except BlockingIOError:
        return rest
    except BrokenPipeError:  # a program need not read all that it is given
        return rest[:0]


def _leave_nothing(scratch: str, there: frozenset[str]) -> None:
    """No process, and no file but what was there at first."""
    with contextlib.suppress(ProcessLookupError):
        while True:
            os.kill(-1, signal.SIGKILL)
            with contextlib.suppress(ChildProcessError):
                while os.waitpid(-1, os.WNOHANG)[0]:
                    pass
    for folder, folders, files in os.walk(scratch):
        if folder == scratch:
            folders[:] = [name for name in folders if name not in there]
        for path in (os.path.join(folder, name) for name in (*folders, *files)):  # noqa: PTH118
            if os.path.isdir(path) and not os.path.islink(path):  # noqa: PTH112, PTH114
                os.chmod(path, 0o700)  # noqa: PTH101 - a folder that its owner closed to himself
            else:
                os.unlink(path)  # noqa: PTH108
    for entry in os.scandir(scratch):
        if entry.name not in there:
            shutil.rmtree(entry.path)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
