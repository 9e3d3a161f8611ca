from pathlib import Path

import pytest

from domain.errors import Refused
from domain.times import Cycle
from steps.deliver import PodAddress, load_addresses
from steps.home import Home
from steps.run import Run, Source


def addresses(tmp_path: Path, text: str) -> tuple[PodAddress, ...]:
    (tmp_path / "pods.yaml").write_text(text)
    return load_addresses(Run(Home(tmp_path), Cycle.parse("2025-11-16"), Source(), deliver=True, pods=tmp_path / "pods.yaml"))


def test_addresses_come_from_the_file_of_the_run(tmp_path: Path) -> None:
    (one,) = addresses(tmp_path, "pods:\n  - {pod: a, url: 'http://127.0.0.1:1'}\n")
    assert one == PodAddress(pod="a", url="http://127.0.0.1:1")


def test_two_addresses_for_one_pod_are_refused(tmp_path: Path) -> None:
    with pytest.raises(Refused, match=r"one address for each pod, got several for \['a'\]"):
        addresses(tmp_path, "pods:\n  - {pod: a, url: x}\n  - {pod: a, url: y}\n")
