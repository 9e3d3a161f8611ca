"""The point-in-time lake: raw bytes, versioned tables, as-of reads, quality.

```python
from data_lake.lake import Lake                     # duckdb, polars and pyarrow load here: about 0.5 s

with Lake(home, threads=2) as lake:                 # HOME/raw, HOME/lake; made on first use
    report = lake.ingest(                           # -> data_lake.ingest.IngestReport
        [Path("bars_1h")], "bars", venue="binance", market=Market.SPOT,
        interval_us=None,                           # recognised from the modal step where None
        known_at="published",                       # close + lag, marked assumed; or literally these microseconds for every row
        received_us=now, source="archive",          # Refused where nothing usable came
    )
    report.accepted, report.unchanged, report.revised, report.quarantined    # rows; they add to all rows delivered
    report.findings, report.snapshot, report.files  # count, delivery number, tuple[FileOutcome, ...]

    lake.read("bars", venue=..., market=..., symbols=None, interval_us=..., start_us=..., end_us=..., as_of_us=...,
              snapshot=None)                        # -> pyarrow.Table, symbol and open_time (or funding_time) order
    lake.panel(venue, market, interval_us, start_us, end_us, as_of_us, symbols=None, snapshot=None)   # -> domain.market.Panel
    lake.describe(as_of_us=None)                    # -> tuple[data_lake.read.Series, ...]: first, last, rows of each series
    lake.content_digest(venue, market, interval_us, as_of_us, table="bars", start_us=None, end_us=None, snapshot=None)
    lake.snapshot()                                 # newest delivery number, 0 in an empty lake
    lake.deliveries(), lake.quarantine(), lake.findings()                    # -> pyarrow.Table
    lake.note(findings)                             # what a check found, each once, as rows of lake.findings()

from data_lake.recognise import recognise           # recognise(paths) -> Recognition(bars, funding, unknown, market)
from data_lake.checks import check, completeness    # check(lake, venue, market, interval_us, start_us, end_us, as_of_us)
                                                    #   -> tuple[Finding, ...]; completeness(...) -> dict[symbol, fraction]
from data_lake.tick_checks import check_ticks             # trades, quotes, depth: clocks, ids, crossed and broken books
from data_lake.interval_checks import interval_conflicts  # long bars against the short ones of another source, summed
from data_lake.rebuild import rebuild                     # rebuild(home): the catalogue again from HOME/raw
from data_lake.lake_check import check_lake               # check_lake(home, lake.catalogue) -> CheckReport
from data_lake.care import compact, snapshots, expire     # on lake.catalogue
from data_lake.notebook import open_lake                  # open_lake(home).read_polars(...), .read_arrow, .relation, .sql
from data_lake.expectations import validate_batch   # validate_batch(table_name, arrow_table, docs_folder, batch_name)
                                                    #   -> BatchValidation(success, failed_expectations, index_html)
```

Ranges are half-open: start_us <= open_time < end_us. Times are int64 microseconds, UTC.
"""
