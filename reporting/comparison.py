"""Two runs beside each other: what went in differently, what came out differently, and what evidence the change takes away."""

from pydantic import Field

from domain.model import Frozen
from reporting.charts.runs import growth_of_runs
from reporting.page import drawn, render


class Side(Frozen):
    """One of the two runs."""

    id: str
    strategy: str
    version: int
    authors: tuple[str, ...]
    day_us: tuple[int, ...] = Field(min_length=1)
    wealth: tuple[float, ...]
    """Growth of 1 at the end of each day."""


class Differing(Frozen):
    """A line for each value: of an input that differs, or of a file."""

    what: str
    a: str
    b: str


class ResultRow(Frozen):
    figure: str
    unit: str
    a: float | None
    b: float | None
    difference: float | None


class Reset(Frozen):
    """What one change takes away."""

    changed: str
    means: str
    make_again: tuple[str, ...]
    stands: tuple[str, ...]


class Comparison(Frozen):
    """The complete input of the page."""

    simulated: bool
    a: Side
    b: Side
    inputs: tuple[Differing, ...]
    results: tuple[ResultRow, ...]
    common_days: int
    days_that_differ: int
    first_day_that_differs: str | None
    correlation: float | None
    tracking_error_annual: float | None
    resets: tuple[Reset, ...]


def render_comparison(page: Comparison) -> str:
    """The whole page as one self-contained HTML document; a pure function of `page`."""
    lines = [
        (f"{name}  {side.strategy} v{side.version}", side.day_us, side.wealth) for name, side in (("a", page.a), ("b", page.b))
    ]
    return render("comparison.html", page=page, simulated=page.simulated, growth=drawn(growth_of_runs(lines)))
