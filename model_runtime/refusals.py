"""Why a package's answer is not taken: one class for each kind."""

from typing import ClassVar

from domain.errors import Refused


class RuntimeRefused(Refused):
    """A package did not answer as it must; `kind` is the same word for every package and every path."""

    kind: ClassVar[str] = "runtime"


class Altered(RuntimeRefused):
    """The package is not the one that its digest names."""

    kind = "altered"


class Crashed(RuntimeRefused):
    """It ended by an error of its own, or by touching what the sandbox withholds."""

    kind = "crash"


class TimedOut(RuntimeRefused):
    """It used up its seconds, of the processor or of the wall clock."""

    kind = "time"


class MemoryExceeded(RuntimeRefused):
    """It asked for more memory than a package may hold."""

    kind = "memory"


class TooManyProcesses(RuntimeRefused):
    """It started more processes and threads than a package may."""

    kind = "processes"


class TooMuchOutput(RuntimeRefused):
    """It wrote more than the longest answer can hold."""

    kind = "output"


class Garbled(RuntimeRefused):
    """What it wrote is no answer in its protocol."""

    kind = "garbled"


class WrongShape(RuntimeRefused):
    """The answer is not one float64 for each bar and symbol."""

    kind = "shape"


class NotFinite(RuntimeRefused):
    """The answer holds infinities: a prediction is a finite number, or NaN for no opinion."""

    kind = "infinite"


class NotDeterministic(RuntimeRefused):
    """Two answers to the same view differ."""

    kind = "nondeterminism"


KINDS: dict[str, type[RuntimeRefused]] = {
    refusal.kind: refusal
    for refusal in (
        Altered,
        Crashed,
        TimedOut,
        MemoryExceeded,
        TooManyProcesses,
        TooMuchOutput,
        Garbled,
        WrongShape,
        NotFinite,
        NotDeterministic,
    )
}
