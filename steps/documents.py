"""`factory verify`, `factory log`: looking at signed documents and at the record."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from domain.errors import Refused
from domain.times import iso
from ledger.audit import examine_log
from ledger.keys import LOG, load_public
from ledger.verify import examine, keys_by_type
from steps.home import Home
from steps.trust import open_log


def verify_files(home: Home, files: list[Path], at_us: int) -> list[dict[str, Any]]:
    """Each file's signature, signer and expiry, against the public keys of the home."""
    trusted = keys_by_type(home.keys)
    rows = []
    for file in files:
        found = examine(file, trusted, at_us)
        rows.append(
            {
                "file": str(file),
                "valid": found.valid,
                "reason": found.reason,
                "signer": found.signer,
                "expires": None if found.expires_us is None else iso(found.expires_us),
            }
        )
    return rows


def verify_log(home: Home) -> dict[str, Any]:
    """The whole log computed anew and held against its signed checkpoint."""
    return asdict(examine_log(home.ledger, load_public(_log_key(home))))


def log_entries(home: Home, kind: str | None) -> list[dict[str, Any]]:
    """Entries of the log, of one kind or all. Raises Refused where there is no log: looking for one starts none."""
    _log_key(home)
    return [
        {"index": entry.index, "kind": entry.kind, "body": json.dumps(entry.body, sort_keys=True)}
        for entry in open_log(home).entries(kind)
    ]


def _log_key(home: Home) -> Path:
    public = home.keys / f"{LOG}.pub"
    if not public.exists():
        raise Refused(
            f"expected the log's public key at {public}: there is no log in this home; give --home the one that was run"
        )
    return public
