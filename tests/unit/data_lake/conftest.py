from collections.abc import Iterator
from pathlib import Path

import pytest

from data_lake.lake import Lake


@pytest.fixture
def lake(tmp_path: Path) -> Iterator[Lake]:
    with Lake(tmp_path / "home", threads=1, sources=("trusted", "second")) as opened:
        yield opened
