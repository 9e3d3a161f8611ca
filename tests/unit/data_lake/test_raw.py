import hashlib
import json
from pathlib import Path

import pytest

from data_lake.raw import RawStore
from domain.errors import Refused


def test_a_file_is_stored_under_its_checksum_with_its_origin(tmp_path: Path) -> None:
    stored = RawStore(tmp_path).put(b"bytes", "folder/a.csv", received_us=7)
    assert stored.checksum == hashlib.sha256(b"bytes").hexdigest()
    assert (tmp_path / "raw" / stored.checksum[:2] / stored.checksum).read_bytes() == b"bytes"
    origin = json.loads((tmp_path / "raw" / stored.checksum[:2] / f"{stored.checksum}.json").read_text())
    assert origin == {"checksum": stored.checksum, "origin": "folder/a.csv", "received_us": 7, "size_bytes": 5}


def test_the_same_bytes_twice_are_one_file_and_the_first_origin_stays(tmp_path: Path) -> None:
    raw = RawStore(tmp_path)
    first, again = raw.put(b"bytes", "a", 1), raw.put(b"bytes", "b", 2)
    assert first.checksum == again.checksum
    assert sorted(path.suffix for path in (tmp_path / "raw").rglob("*") if path.is_file()) == ["", ".json"]
    assert json.loads(raw.path(first.checksum).with_suffix(".json").read_text())["origin"] == "a"


def test_damaged_and_absent_bytes_are_refused(tmp_path: Path) -> None:
    raw = RawStore(tmp_path)
    stored = raw.put(b"bytes", "a", 1)
    assert raw.get(stored.checksum) == b"bytes"
    path = raw.path(stored.checksum)
    path.chmod(0o644)
    path.write_bytes(b"bytez")
    with pytest.raises(Refused, match="no longer has its checksum"):
        raw.get(stored.checksum)
    with pytest.raises(Refused, match="found none"):
        raw.get("0" * 64)
