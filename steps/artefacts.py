"""How steps of one cycle hand values to each other: canonical JSON and Parquet under the cycle's data folder."""

import io
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from domain.canonical import canonical_bytes, digest_bytes, rounded
from domain.errors import Refused
from durable.files import write_durably
from steps.run import Run


def save_json(run: Run, name: str, value: Any) -> str:
    """Write a JSON value, floats on the evidence grid; returns the digest of its bytes."""
    return save_bytes(run, f"{name}.json", canonical_bytes(rounded(value)))


def load_json(run: Run, name: str) -> Any:
    """Read what `save_json` wrote. Refused where the step that makes it has not run for this cycle."""
    return json.loads(load_bytes(run, f"{name}.json"))


def save_table(run: Run, name: str, table: pa.Table) -> str:
    """Write a table as Parquet; returns the digest of its bytes."""
    buffer = io.BytesIO()
    pq.write_table(table, buffer, compression="zstd", store_schema=False)
    return save_bytes(run, f"{name}.parquet", buffer.getvalue())


def load_table(run: Run, name: str) -> pa.Table:
    return pq.read_table(io.BytesIO(load_bytes(run, f"{name}.parquet")))


def save_bytes(run: Run, name: str, data: bytes) -> str:
    write_durably(run.home.data(run.cycle) / name, data)
    return digest_bytes(data)


def load_bytes(run: Run, name: str) -> bytes:
    path: Path = run.home.data(run.cycle) / name
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise Refused(
            f"cycle {run.cycle.label} has no {name}: an earlier step has not run; run the whole line with `factory run`"
        ) from None
