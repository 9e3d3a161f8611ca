"""What of the data is red, and what counts as an outlier: `config/quality.yaml`."""

from functools import cache
from pathlib import Path

from pydantic import Field

from domain.model import Frozen
from durable.declarations import load

DECLARED = Path(__file__).parents[1] / "config" / "quality.yaml"


class ReturnOutliers(Frozen):
    """A return is far where |r - median| > threshold * max(1.4826 MAD, floor) of the returns before it."""

    window_bars: int = Field(ge=2, multiple_of=2)
    threshold: float = Field(gt=0)
    mad_floor: float = Field(gt=0)
    """Of 1.4826 MAD, as a log return: on a flat stretch the MAD is 0."""


class TickOutliers(Frozen):
    """A trade's price is far where |p - trimmed mean| >= 3 s + ticks of the prices before it."""

    neighbours: int = Field(ge=4, multiple_of=2)
    trim: float = Field(ge=0, lt=1)
    ticks: float = Field(gt=0)


class QualityRules(Frozen):
    """All of `config/quality.yaml`."""

    stale_after_hours: float = Field(gt=0)
    red_completeness_below: float = Field(ge=0, le=1)
    red_kinds: tuple[str, ...]
    return_outliers: ReturnOutliers
    tick_outliers: TickOutliers


@cache
def load_rules(path: Path = DECLARED) -> QualityRules:
    """The declared rules; Refused where the file is absent, is no YAML, or does not fit."""
    return load(path, QualityRules)
