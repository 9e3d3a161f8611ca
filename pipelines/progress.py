"""One line for each step while a run goes on, on a terminal's error stream."""

from collections.abc import Iterator
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
