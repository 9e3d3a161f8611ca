"""Candidates of research as assets: a submitted package is a partition, launched from the UI or the command line."""

import os
from pathlib import Path
from typing import Any

import dagster as dg
from pydantic import Field

from assets.line import picture
from assets.partitions import CANDIDATES
from assets.resources import FeedHome
from steps.candidate_words import CandidateResult, backtest_candidate, leak_test_candidate, sweep_candidate

_SHARED: dict[str, Any] = {
    "group_name": "candidates",
    "partitions_def": CANDIDATES,
    "owners": ["team:research"],
    "kinds": {"python"},
}


class Question(dg.Config):
    """What is asked of a candidate; everything may be left out."""

    by: str | None = Field(default=None, description="Who asks; the user of this machine where left out.")
    hypothesis: str | None = Field(default=None, description="What is claimed before the result; the manifest's where left out.")
    parameters: list[str] = Field(default_factory=list, description="NAME=VALUE, for a sweep NAME=V1,V2,...")
    as_of: str | None = Field(default=None, description="Use only what was known at this time, ISO 8601, UTC.")
    venue: str | None = None
    market: str | None = None
    memory_gib: float = Field(default=2.0, description="What a sweep may hold at once.")


@dg.asset(**_SHARED)
def candidate_backtest(context: dg.AssetExecutionContext, config: Question, research_home: FeedHome) -> dg.MaterializeResult:  # type: ignore[type-arg]
    """One configuration of a candidate on what the lake holds: claim and trial on record first, then figures and tear sheet."""
    result = backtest_candidate(research_home.home_of, context.partition_key, config.model_dump(), context.log.info)
    return dg.MaterializeResult(metadata=_metadata(result))


@dg.asset(**_SHARED)
def candidate_sweep(context: dg.AssetExecutionContext, config: Question, research_home: FeedHome) -> dg.MaterializeResult:  # type: ignore[type-arg]
    """A grid of configurations of a candidate, the manifest's where none is given; started again, it goes on where it was."""
    result = sweep_candidate(research_home.home_of, context.partition_key, config.model_dump(), context.log.info)
    return dg.MaterializeResult(metadata=_metadata(result))


@dg.asset(**_SHARED)
def candidate_leak_test(context: dg.AssetExecutionContext, config: Question, research_home: FeedHome) -> dg.MaterializeResult:  # type: ignore[type-arg]
    """Whether any prediction of a candidate depends on what came later."""
    result = leak_test_candidate(research_home.home_of, context.partition_key, config.model_dump(), context.log.info)
    return dg.MaterializeResult(metadata=_metadata(result))


CANDIDATE_ASSETS = (candidate_backtest, candidate_sweep, candidate_leak_test)


def _metadata(result: CandidateResult) -> dict[str, dg.MetadataValue]:
    shown: dict[str, dg.MetadataValue] = {"summary": dg.MetadataValue.text(result.headline)}
    if result.pictures:
        shown["pictures"] = dg.MetadataValue.md("\n\n".join(picture(*item) for item in result.pictures.items()))
    for name, value in result.facts.items():
        shown[name] = _value(value)
    for name, path in result.files.items():
        shown[name] = dg.MetadataValue.path(str(path))
        if (address := _address(path)) is not None:
            shown[f"open_{name}"] = dg.MetadataValue.url(address)
    if result.table:
        shown["table"] = dg.MetadataValue.table([dg.TableRecord(dict(row)) for row in result.table])
    return shown


def _address(page: Path) -> str | None:
    """Where `factory ui` serves a page of the home; None where nothing serves it, or it is no page."""
    served = os.environ.get("FACTORY_REPORTS_URL")
    below = page.as_posix().partition("/reports/")[2]
    return f"{served}/{below}" if served and below and page.suffix == ".html" else None


def _value(fact: int | float | str | bool) -> dg.MetadataValue:
    if isinstance(fact, bool):
        return dg.MetadataValue.bool(fact)
    if isinstance(fact, int):
        return dg.MetadataValue.int(fact)
    return dg.MetadataValue.float(fact) if isinstance(fact, float) else dg.MetadataValue.text(fact)
