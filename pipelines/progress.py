"""One line for each step while a run goes on, on a terminal's error stream."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TextIO

from steps import timings


@contextmanager
def show_progress(stream: TextIO) -> Iterator[None]:
    """Print each finished step with its seconds and headline while the block runs."""

    def told(step: str, seconds: float, headline: str) -> None:
        print(f"  {step:<22}{seconds:6.1f} s  {headline}", file=stream, flush=True)

    timings.LISTENERS.append(told)
    try:
        yield
    finally:
        timings.LISTENERS.remove(told)


WIDTH = 32


@contextmanager
def bar(stream: TextIO, what: str) -> Iterator[Callable[[int, int], None]]:
    """A bar that its function redraws in place on a terminal, and prints line by line anywhere else."""
    in_place = stream.isatty()

    def told(done: int, total: int) -> None:
        filled = WIDTH * done // max(total, 1)
        line = f"  [{'#' * filled}{'.' * (WIDTH - filled)}] {done:,} of {total:,} {what}"
        print(line, end="\r" if in_place else "\n", file=stream, flush=True)

    try:
        yield told
    finally:
        if in_place:
            print(file=stream)
