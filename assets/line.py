"""From a step to an asset: the step's name, its inputs, one call."""

import base64
import inspect
import time
from collections.abc import Callable, Sequence

import dagster as dg

from assets.partitions import CYCLES
from assets.resources import Factory
from steps.run import Run, StepResult
from steps.timings import note_seconds

Step = Callable[[Run], StepResult]


def line_asset(
    step: Step,
    *,
    group: str,
    after: Sequence[str],
    owner: str,
    feeds: Sequence[dg.AssetKey] = (),
    checks: Sequence[dg.AssetCheckSpec] = (),
) -> dg.AssetsDefinition:
    """An asset of the daily line, after others of it and after feeds; its step's result answers `checks`."""

    @dg.asset(
        name=step.__name__,
        group_name=group,
        deps=[*after, *feeds],
        partitions_def=CYCLES,
        description=inspect.cleandoc(step.__doc__ or ""),
        owners=[owner],
        kinds={"python"},
        check_specs=list(checks),
    )
    def body(context: dg.AssetExecutionContext, factory: Factory) -> dg.MaterializeResult:  # type: ignore[type-arg]
        started = time.perf_counter()
        run = factory.run(context.partition_key)
        result = step(run)
        seconds = time.perf_counter() - started
        note_seconds(run, step.__name__, seconds, result.headline)
        context.log.info(result.headline)
        return dg.MaterializeResult(metadata=_metadata(step.__name__, result, seconds), check_results=check_results(result))

    return body


def _metadata(step_name: str, result: StepResult, seconds: float) -> dict[str, dg.MetadataValue]:
    shown: dict[str, dg.MetadataValue] = {
        "summary": dg.MetadataValue.text(result.headline),
        "seconds": dg.MetadataValue.float(round(seconds, 3)),
    }
    shown |= {name: _value(fact) for name, fact in result.facts.items()}
    if result.table:
        shown["table"] = dg.MetadataValue.table([dg.TableRecord(dict(row)) for row in result.table])
    if result.picture_svg is not None:
        shown["picture"] = dg.MetadataValue.md(picture(step_name, result.picture_svg))
    return shown


def picture(caption: str, svg: str) -> str:
    """A plot as Markdown that the UI draws."""
    # Inline in a page an <svg> needs no namespace; as an image of its own it is not drawn without one.
    encoded = base64.b64encode(svg.replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" ', 1).encode()).decode()
    return f"**{caption}**\n\n![{caption}](data:image/svg+xml;base64,{encoded})"


def _value(fact: int | float | str) -> dg.MetadataValue:
    if isinstance(fact, int):
        return dg.MetadataValue.int(fact)
    if isinstance(fact, float):
        return dg.MetadataValue.float(fact)
    return dg.MetadataValue.text(fact)


def check_results(result: StepResult, asset: dg.AssetKey | None = None) -> list[dg.AssetCheckResult]:
    """The step's answers as Dagster shows them; `asset` where they are not of the asset that is being made."""
    return [
        dg.AssetCheckResult(
            check_name=check.name,
            asset_key=asset,
            passed=check.passed,
            severity=dg.AssetCheckSeverity.ERROR if check.blocking else dg.AssetCheckSeverity.WARN,
            description=check.sentence,
            metadata={name: _value(fact) for name, fact in check.facts.items()},
        )
        for check in result.checks
    ]
