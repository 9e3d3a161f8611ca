"""One way to turn a value into bytes and bytes into a digest."""

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

EVIDENCE_DECIMALS = 9
"""Evidence is rounded to this grid before it is hashed: below it lies only summation order."""


def canonical_bytes(value: Any) -> bytes:
    """JSON with sorted keys, no white space, ASCII only; NaN and infinity are a ValueError.

    >>> canonical_bytes({"b": 1, "a": [True, None]})
    b'{"a":[true,null],"b":1}'
    """
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False).encode("ascii")


def digest_bytes(data: bytes) -> str:
    """`sha256:` and 64 hex digits."""
    return "sha256:" + hashlib.sha256(data).hexdigest()


def digest(value: Any) -> str:
    """Digest of the canonical bytes of a JSON value."""
    return digest_bytes(canonical_bytes(value))


def rounded(value: Any, decimals: int = EVIDENCE_DECIMALS) -> Any:
    """The same JSON value with every float on the grid; NaN and infinity become None, -0.0 becomes 0.0.

    >>> rounded({"x": 0.1 + 0.2, "y": float("nan")})
    {'x': 0.3, 'y': None}
    """
    if isinstance(value, bool) or value is None or isinstance(value, int | str):
        return value
    if isinstance(value, float):
        return round(float(value), decimals) + 0.0 if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(key): rounded(item, decimals) for key, item in value.items()}
    if isinstance(value, Sequence):
        return [rounded(item, decimals) for item in value]
    raise TypeError(f"expected a JSON value, got {type(value).__name__}")
