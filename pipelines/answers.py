"""How a command answers: JSON on request, otherwise sentences; errors become one sentence and an exit code."""

import json
import sys
from collections.abc import Callable
from functools import wraps
from typing import Any, ParamSpec

import typer

from domain.errors import Refused, Unreachable

EXIT_REFUSED = 1
EXIT_UNREACHABLE = 3

Arguments = ParamSpec("Arguments")


def answering(command: Callable[Arguments, None]) -> Callable[Arguments, None]:
    """A command whose Refused ends in exit code 1 and whose Unreachable ends in 3, each in one sentence on stderr.

    A file or folder that cannot be used ends in 1 as well.
    """

    @wraps(command)
    def wrapped(*args: Arguments.args, **kwargs: Arguments.kwargs) -> None:
        try:
            command(*args, **kwargs)
        except Refused as error:
            fail(str(error), EXIT_REFUSED)
        except Unreachable as error:
            fail(str(error), EXIT_UNREACHABLE)
        except OSError as error:
            fail(f"cannot use {error.filename or 'a file'}: {error.strerror or error}: correct the path", EXIT_REFUSED)

    return wrapped


def fail(sentence: str, code: int) -> None:
    """One sentence on stderr, then out."""
    print(f"factory: {sentence}", file=sys.stderr)  # noqa: T201
    raise typer.Exit(code)


def answer(value: Any, as_json: bool, sentences: Callable[[], str]) -> None:
    """Print the value as JSON, or what a person would rather read."""
    print(json.dumps(value, indent=2) if as_json else sentences())  # noqa: T201


def columns(rows: list[list[str]], right: frozenset[int] = frozenset()) -> str:
    """Rows of text as aligned columns; the column numbers in `right` are aligned to the right.

    >>> print(columns([["pod", "USD"], ["a", "1,000"]], right=frozenset({1})))
    pod    USD
    a    1,000
    """
    widths = [max(len(row[index]) for row in rows) for index in range(len(rows[0]))]
    return "\n".join(
        "  ".join(
            cell.rjust(width) if index in right else cell.ljust(width)
            for index, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    )
