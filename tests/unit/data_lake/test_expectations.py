import re
from pathlib import Path

import pyarrow as pa
import pytest

from data_lake.data_docs import offline
from data_lake.expectations import validate_batch
from data_lake.lake import Lake
from domain.market import Market
from tests.unit.data_lake.bars import NOW_US, START_US, bar_frame, write

READ = {"venue": "v", "market": Market.SPOT, "start_us": START_US, "end_us": NOW_US, "as_of_us": NOW_US}


@pytest.fixture
def bars(lake: Lake, tmp_path: Path) -> pa.Table:
    lake.ingest(
        [write(tmp_path, "AAAUSDT.csv", bar_frame())], "bars", venue="v", market=Market.SPOT, received_us=NOW_US, source="s"
    )
    return lake.read("bars", **READ)


def _replaced(bars: pa.Table, column: str, row: int, value: float | None) -> pa.Table:
    values = bars[column].to_pylist()
    values[row] = value
    return bars.set_column(bars.column_names.index(column), column, pa.array(values, bars.schema.field(column).type))


def test_every_bad_row_is_found_and_the_pages_open_without_a_network(bars: pa.Table, tmp_path: Path) -> None:
    docs = tmp_path / "docs"
    good = validate_batch("bars", bars, docs, "sound batch")
    assert (good.success, good.failed_expectations) == (True, ())
    negative = validate_batch("bars", _replaced(bars, "volume", 23, -1.0), docs, "bad batch")
    assert (negative.success, negative.failed_expectations) == (False, ("expect_column_values_to_be_between(volume)",))
    low = validate_batch("bars", _replaced(bars, "high", 7, 106.0), docs, "bad batch")
    assert low.failed_expectations == (
        "expect_column_pair_values_a_to_be_greater_than_b(high, close)",
        "expect_column_pair_values_a_to_be_greater_than_b(high, open)",
    )
    twice = validate_batch("bars", pa.concat_tables([bars, bars.slice(3, 1)]), docs, "bad batch")
    assert twice.failed_expectations == ("expect_compound_columns_to_be_unique(symbol, open_time)",)
    hollow = validate_batch("bars", _replaced(bars, "close", 3, None), docs, "bad batch")
    assert "expect_column_values_to_not_be_null(close)" in hollow.failed_expectations
    lacking = validate_batch("bars", bars.drop_columns(["volume"]), docs, "bad batch")
    assert "expect_column_to_exist(volume)" in lacking.failed_expectations

    assert good.index_html == docs / "index.html"
    assert {path.name for path in docs.glob("*.html")} == {
        "index.html",
        "bars-sound-batch.html",
        "bars-bad-batch.html",
        "suite-bars.html",
    }
    for page in docs.glob("*.html"):
        text = page.read_text()
        assert not re.search(r"<(script|img|iframe|style)\b", text), page.name
        assert not re.search(r"https?://", text), page.name
        for target in re.findall(r'(?:src|href)="([^"#]+)', text):
            assert (docs / target).is_file(), f"{page.name} loads {target}"
    assert "FAIL" in (docs / "index.html").read_text()
    assert "http" not in (docs / "style.css").read_text()


def test_funding_has_its_own_suite(tmp_path: Path) -> None:
    rows = {"symbol": ["A", "A"], "funding_time": [1, 2], "funding_rate": [0.0001, 0.5], "knowledge_time": [5, 5]}
    told = validate_batch("funding", pa.table(rows), tmp_path, "f")
    assert told.failed_expectations == ("expect_column_values_to_be_between(funding_rate)",)


def test_a_page_loses_what_it_would_load() -> None:
    page = (
        '<html><head><link href="https://cdn/x.css"><script src="https://cdn/x.js"></script></head>'
        '<body style="x"><img src="https://pixel/"><a href="https://elsewhere">there</a> '
        '<a href="../../index.html">home</a></body></html>'
    )
    assert offline(page, "suite.html") == (
        '<html><head><link rel="stylesheet" href="style.css"></head><body>Data Docsthere '
        '<a href="index.html">home</a></body></html>'
    )
