"""The packages have generic names: in any folder, `import assets` is ours."""

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
PACKAGES = [pattern.removesuffix("*") for pattern in PROJECT["tool"]["setuptools"]["packages"]["find"]["include"]]

WHERE = """
import importlib, sys
for name in sys.argv[1:]:
    print(importlib.import_module(name).__file__)
"""


def test_each_name_resolves_into_this_repository_from_any_folder(tmp_path: Path) -> None:
    ended = subprocess.run(
        [sys.executable, "-c", WHERE, *PACKAGES], cwd=tmp_path, capture_output=True, text=True, timeout=120, check=True
    )
    found = [Path(line).parent for line in ended.stdout.splitlines()]
    assert found == [ROOT / name for name in PACKAGES]


def test_every_package_of_the_house_is_shipped_and_under_an_import_contract() -> None:
    aside = {"tests", "benchmarks", "examples", "strategies"}
    there = {path.parent.name for path in ROOT.glob("*/__init__.py")} - aside
    assert there == set(PACKAGES)
    assert there == set(PROJECT["tool"]["importlinter"]["root_packages"])
    (layers,) = [contract["layers"] for contract in PROJECT["tool"]["importlinter"]["contracts"] if contract["type"] == "layers"]
    assert there == {name.strip() for layer in layers for name in layer.split("|")}


@pytest.mark.parametrize("name", PACKAGES)
def test_no_installed_distribution_brings_the_same_name(name: str) -> None:
    site = [Path(entry) for entry in sys.path if entry.endswith("site-packages")]
    assert site
    assert [folder / name for folder in site if (folder / name).exists() or (folder / f"{name}.py").exists()] == []
