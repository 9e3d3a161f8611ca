"""Great Expectations over every row of a batch, with the pages that a reviewer reads."""

import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa

from data_lake.data_docs import publish
from data_lake.schema import VersionedTable, versioned_table

FUNDING_RATE_MAX = 0.1
"""Exchanges cap a funding rate well inside this, as a fraction of notional for one step."""


@dataclass(frozen=True)
class BatchValidation:
    """`failed_expectations`: as `expectation(columns)`, by name. `index_html`: the page to open."""

    success: bool
    failed_expectations: tuple[str, ...]
    index_html: Path


def validate_batch(table_name: str, arrow_table: pa.Table, docs_folder: Path, batch_name: str) -> BatchValidation:
    """Validate all rows against the table's suite and add its page to the Data Docs in `docs_folder`.

    `arrow_table`: columns as `Lake.read` gives them; a missing column is a failed expectation, not an error. The pages load
    nothing from a network. Takes seconds to import the library, then about one for half a million rows.
    """
    table = versioned_table(table_name)
    os.environ["GX_ANALYTICS_ENABLED"] = "false"  # read at import: it would otherwise report every run
    import great_expectations as gx
    from great_expectations.data_context.types.base import ProgressBarsConfig

    frame = arrow_table.to_pandas()
    with tempfile.TemporaryDirectory(prefix="expectations-") as folder:
        context: Any = gx.get_context(mode="file", project_root_dir=folder)
        context.variables.progress_bars = ProgressBarsConfig(globally=False)
        result = _run(gx, context, table, frame, batch_name)
        pages = Path(folder) / "gx" / "uncommitted" / "data_docs" / "local_site"
        index = publish(pages, docs_folder, table_name, batch_name, len(frame), bool(result.success))
    failed = sorted(_named(item) for run in result.run_results.values() for item in run.results if not item.success)
    return BatchValidation(bool(result.success), tuple(failed), index)


def _run(gx: Any, context: Any, table: VersionedTable, frame: pd.DataFrame, batch_name: str) -> Any:
    asset = context.data_sources.add_pandas("lake").add_dataframe_asset(table.name)
    batch = asset.add_batch_definition_whole_dataframe(batch_name)
    suite = context.suites.add(gx.ExpectationSuite(name=table.name, expectations=_suite(gx.expectations, table)))
    definition = context.validation_definitions.add(gx.ValidationDefinition(name=table.name, data=batch, suite=suite))
    pages = gx.checkpoint.UpdateDataDocsAction(name="pages")
    checkpoint = context.checkpoints.add(
        gx.Checkpoint(name=table.name, validation_definitions=[definition], actions=[pages], result_format="SUMMARY")
    )
    run_id = gx.RunIdentifier(run_name=batch_name)
    return checkpoint.run(batch_parameters={"dataframe": frame}, run_id=run_id)


def _suite(expect: Any, table: VersionedTable) -> list[Any]:
    needed = ("symbol", table.time, *table.within, *table.required, "knowledge_time")
    common = [expect.ExpectColumnToExist(column=column) for column in needed]
    common += [expect.ExpectColumnValuesToNotBeNull(column=column) for column in needed]
    common.append(expect.ExpectCompoundColumnsToBeUnique(column_list=["symbol", table.time, *table.within]))
    if table.name == "bars":
        return common + _bars(expect)
    return common + (_funding(expect) if table.name == "funding" else _ticks(expect, table))


def _ticks(expect: Any, table: VersionedTable) -> list[Any]:
    columns = (*table.within, *table.required)
    rules = [
        expect.ExpectColumnValuesToBeBetween(column=column, min_value=0, strict_min=True)
        for column in columns
        if column.endswith("price")
    ]
    rules += [expect.ExpectColumnValuesToBeBetween(column=column, min_value=0) for column in columns if "quantity" in column]
    rules.append(expect.ExpectColumnPairValuesAToBeGreaterThanB(column_A="knowledge_time", column_B=table.time, or_equal=True))
    return rules


def _bars(expect: Any) -> list[Any]:
    prices = ("open", "high", "low", "close")
    ordered = (("high", "low"), ("high", "open"), ("high", "close"), ("open", "low"), ("close", "low"))
    rules = [expect.ExpectColumnValuesToBeBetween(column=column, min_value=0, strict_min=True) for column in prices]
    rules.append(expect.ExpectColumnValuesToBeBetween(column="volume", min_value=0))
    rules += [expect.ExpectColumnPairValuesAToBeGreaterThanB(column_A=a, column_B=b, or_equal=True) for a, b in ordered]
    rules.append(expect.ExpectColumnPairValuesAToBeGreaterThanB(column_A="knowledge_time", column_B="open_time"))
    return rules


def _funding(expect: Any) -> list[Any]:
    limits = {"min_value": -FUNDING_RATE_MAX, "max_value": FUNDING_RATE_MAX}
    return [
        expect.ExpectColumnValuesToBeBetween(column="funding_rate", **limits),
        expect.ExpectColumnPairValuesAToBeGreaterThanB(column_A="knowledge_time", column_B="funding_time", or_equal=True),
    ]


def _named(item: Any) -> str:
    said = item.expectation_config.kwargs
    columns = said.get("column_list") or [said[key] for key in ("column", "column_A", "column_B") if key in said]
    return f"{item.expectation_config.type}({', '.join(columns)})"
