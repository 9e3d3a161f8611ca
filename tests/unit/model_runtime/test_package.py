import sys
from pathlib import Path

import numpy as np
import pytest

from domain.errors import Refused
from model_runtime.package import load_package, package_digest
from model_runtime.predictions import predict
from tests.unit.model_runtime.packages import view_for_tests, write_package

LAST_MOVE = """
import numpy as np

def predict(view):
    moved = np.full_like(view.close, np.nan)
    moved[1:] = view.close[1:] / view.close[:-1] - 1.0
    return moved
"""


def test_a_package_is_its_manifest_its_code_and_their_digest(tmp_path: Path) -> None:
    package = load_package(write_package(tmp_path / "a", LAST_MOVE))
    view = view_for_tests()
    assert package.manifest.name == "made-up"
    assert package.digest.startswith("sha256:")
    assert predict(package, view, twice=True)[1:] == pytest.approx(view.close[1:] / view.close[:-1] - 1.0)


def test_the_digest_is_of_the_content_not_of_the_place_or_its_caches(tmp_path: Path) -> None:
    first, second = (write_package(tmp_path / name, LAST_MOVE) for name in ("a", "b"))
    (second / "__pycache__").mkdir()
    (second / "__pycache__" / "strategy.pyc").write_bytes(b"x")
    (second / ".DS_Store").write_bytes(b"x")
    assert package_digest(first) == package_digest(second)
    (second / "weights.csv").write_text("1")
    assert package_digest(first) != package_digest(second)


def test_two_files_are_not_one_file_that_spells_them_out(tmp_path: Path) -> None:
    two, one = (write_package(tmp_path / name, LAST_MOVE) for name in ("a", "b"))
    (two / "x").write_bytes(b"1")
    (two / "y").write_bytes(b"2")
    (one / "x").write_bytes(b"1y\x002")
    assert package_digest(two) != package_digest(one)


def test_a_package_that_changed_after_loading_is_refused(tmp_path: Path) -> None:
    package = load_package(write_package(tmp_path / "a", LAST_MOVE))
    predict(package, view_for_tests())
    write_package(tmp_path / "a", LAST_MOVE.replace("- 1.0", "- 2.0"))
    with pytest.raises(Refused, match="changed after it was loaded"):
        predict(package, view_for_tests())


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"authors": None}, "a/manifest.yaml: missing key 'authors': add it"),
        ({"authors": []}, "a/manifest.yaml: authors"),
        ({"leverage": 3}, "unknown key 'leverage'"),
        ({"grid": {"window": [1, 2]}}, "grid names"),
        ({"style": "magic"}, "style"),
        ({"horizon_hours": None}, "missing key 'horizon_hours'"),
    ],
)
def test_a_bad_manifest_is_refused_with_its_key(tmp_path: Path, changes: dict[str, object], sentence: str) -> None:
    with pytest.raises(Refused, match=sentence):
        load_package(write_package(tmp_path / "a", LAST_MOVE, **changes))


@pytest.mark.parametrize("name", ["manifest.yaml", "strategy.py"])
def test_a_folder_without_its_files_is_refused(tmp_path: Path, name: str) -> None:
    folder = write_package(tmp_path / "a", LAST_MOVE)
    (folder / name).unlink()
    with pytest.raises(Refused, match=f"{name} is missing"):
        load_package(folder)


def test_a_manifest_that_is_not_yaml_is_refused(tmp_path: Path) -> None:
    folder = write_package(tmp_path / "a", LAST_MOVE)
    (folder / "manifest.yaml").write_text("name: [unclosed")
    with pytest.raises(Refused, match="expected YAML"):
        load_package(folder)


@pytest.mark.parametrize(
    ("code", "sentence"),
    [
        ("def predict(view):\n    return view.close[:, 0]", r"shape \(30, 2\) \(bars, symbols\), got float64 \(30,\)"),
        ("def predict(view):\n    return view.close.astype('f4')", "got float32"),
        ("def predict(view):\n    return view.close.tolist()", "got list"),
        ("def predict(view):\n    return view.close * float('inf')", "got 60 infinite ones"),
        ("def predict(view):\n    return view.nothing", "raised AttributeError"),
        (
            "def predict(view):\n    view.close[0] = 1\n    return view.close",
            "raised ValueError: assignment destination is read-only",
        ),
        ("import nothing_like_this", "strategy.py: ModuleNotFoundError"),
        ("def predict(view:", "strategy.py: SyntaxError"),
        ("answer = 1", r"expected a function predict\(view\), found none"),
    ],
)
def test_a_bad_answer_is_refused(tmp_path: Path, code: str, sentence: str) -> None:
    package = load_package(write_package(tmp_path / "a", code), reviewed=True)
    view = view_for_tests()
    view.close.flags.writeable = False
    with pytest.raises(Refused, match=sentence):
        predict(package, view)


def test_two_answers_to_one_view_are_refused_when_asked_twice(tmp_path: Path) -> None:
    code = "calls = []\ndef predict(view):\n    calls.append(1)\n    return view.close * len(calls)"
    package = load_package(write_package(tmp_path / "a", code), reviewed=True)
    with pytest.raises(Refused, match="two answers to the same view"):
        predict(package, view_for_tests(), twice=True)


def test_loading_leaves_nothing_behind(tmp_path: Path) -> None:
    folder = write_package(tmp_path / "a", LAST_MOVE)
    before = set(sys.modules)
    predict(load_package(folder), view_for_tests())
    assert not [name for name in set(sys.modules) - before if "strategy" in name]
    assert sorted(path.name for path in folder.iterdir()) == ["manifest.yaml", "strategy.py"]


def test_packages_with_the_same_function_name_do_not_mix(tmp_path: Path) -> None:
    one = load_package(write_package(tmp_path / "a", "def predict(view):\n    return 0.0 * view.close + 1.0"), reviewed=True)
    two = load_package(write_package(tmp_path / "b", "def predict(view):\n    return 0.0 * view.close + 2.0"), reviewed=True)
    view = view_for_tests()
    assert [float(np.unique(predict(package, view)).item()) for package in (one, two, one)] == [1.0, 2.0, 1.0]
