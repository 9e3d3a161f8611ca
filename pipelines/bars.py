"""A progress bar on a terminal's error stream; nothing where nobody looks."""

import sys
from collections.abc import Callable
from typing import TextIO

_WIDTH = 30


def progress_bar(stream: TextIO | None = None) -> Callable[[str, int, int], None]:
    """A function to call with what is being done, how many of its parts are done, and how many there are."""
    out = sys.stderr if stream is None else stream
    if not out.isatty():
        return lambda _what, _done, _total: None

    def show(what: str, done: int, total: int) -> None:
        filled = _WIDTH * done // max(total, 1)
        end = "\n" if done >= total else ""
        print(f"\r  {what:<28}[{'#' * filled}{'.' * (_WIDTH - filled)}] {done:,}/{total:,}", end=end, file=out, flush=True)

    return show
