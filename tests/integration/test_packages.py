"""Packages from the author's folder to results: submitted, asked, tested for leaks, in Python and compiled, sandboxed alike."""

import json
import shutil
import stat
import subprocess
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from domain.times import parse_utc
from model_runtime.package import load_package
from model_runtime.predictions import predict
from steps.home import REPOSITORY, Home
from steps.packages import find_package
from tests.line import World, here, log_of
from tests.unit.model_runtime.packages import view_for_tests, write_package

EXAMPLES = REPOSITORY / "examples"
COMPILER = shutil.which("cc")
SAME_FIGURES = ("total_return", "sharpe_annual", "volatility_annual", "max_drawdown", "turnover_annual")

PRELUDE = "import numpy as np\n\ndef move(close, bars=12):\n    out = np.full_like(close, np.nan)\n"
PRELUDE += "    out[bars:] = close[bars:] / close[:-bars] - 1.0\n    return out\n\ndef predict(view):\n    close = view.close\n"
LEAKS = {
    "one bar ahead": ("    return np.vstack([close[1:], np.full((1, close.shape[1]), np.nan)]) / close - 1.0", "close"),
    "full-sample scaling": (
        "    return 0.01 * (move(close) - np.nanmean(move(close), axis=0)) / np.nanstd(close, axis=0)",
        "close",
    ),
    "centred window": (
        "    out = np.full_like(close, np.nan)\n    for row in range(5, len(close) - 5):\n"
        "        out[row] = close[row - 5 : row + 6].mean(axis=0) / close[row] - 1.0\n    return out",
        "close",
    ),
    "backfilled gap": (
        "    row = np.arange(len(close))[:, None]\n"
        "    to = np.minimum.accumulate(np.where(np.isfinite(close), row, len(row) - 1)[::-1], axis=0)[::-1]\n"
        "    return 0.1 * move(close[to, np.arange(close.shape[1])])",
        "close",
    ),
    "survivor universe": ("    return np.where(np.isfinite(close[-1]), 0.1 * move(close), np.nan)", "universe"),
}


@pytest.fixture(scope="module")
def home(world: World, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return world.copy(tmp_path_factory.mktemp("packages") / "home")


@pytest.fixture(scope="module")
def python_result(home: Path) -> dict[str, object]:
    """What the Python example gives when it is asked from its folder."""
    return dict(here("backtest", EXAMPLES / "momentum-python", "--home", home, "--json").json)


@pytest.fixture
def compiled(tmp_path: Path) -> Path:
    """The C example as it is handed in: a manifest and a program, no source."""
    if COMPILER is None:
        pytest.skip("NO COMPILER: `cc` is not on this machine, so the compiled example cannot be built; install one (apt: gcc)")
    folder = Path(shutil.copytree(EXAMPLES / "momentum-c" / "package", tmp_path / "compiled"))
    source = EXAMPLES / "momentum-c" / "momentum.c"
    subprocess.run([COMPILER, "-O2", "-std=c11", "-Wall", "-Werror", "-o", folder / "momentum", source], check=True)
    assert sorted(path.name for path in folder.iterdir()) == ["manifest.yaml", "momentum"]
    return folder


def submitted(folder: Path, home: Path) -> dict[str, object]:
    answer = here("submit", folder, "--home", home, "--json")
    assert answer.code == 0, answer.err
    return dict(answer.json)


def test_submitting_the_same_bytes_twice_is_submitting_them_once(tmp_path: Path) -> None:
    home, copy = tmp_path / "home", Path(shutil.copytree(EXAMPLES / "momentum-python", tmp_path / "copy"))
    (copy / "__pycache__").mkdir()
    (copy / "__pycache__" / "x.pyc").write_bytes(b"x")
    copy.joinpath("strategy.py").chmod(0o600)
    first, again = submitted(EXAMPLES / "momentum-python", home), submitted(copy, home)
    assert first == again
    assert first["id"] == f"momentum-python@{str(first['digest'])[7:19]}"
    assert [path.name for path in (home / "packages").iterdir()] == [str(first["digest"])[7:]]
    kept = home / "packages" / str(first["digest"])[7:]
    assert sorted(path.name for path in kept.iterdir()) == ["manifest.yaml", "strategy.py"]
    assert stat.S_IMODE((kept / "strategy.py").stat().st_mode) == 0o644
    body = {name: first[name] for name in ("name", "version", "authors", "digest")}
    assert [(kind, json.loads(text)) for kind, text in log_of(home)] == [("submission", body)]


@pytest.mark.parametrize(
    ("key", "value"),
    [("authors", None), ("authors", []), ("authors", [" "]), ("description", None), ("description", " " * 20),
     ("style", None), ("style", "luck"), ("horizon_hours", None), ("horizon_hours", 0)],
)  # fmt: skip
def test_a_manifest_without_its_particulars_is_refused_with_the_reason(tmp_path: Path, key: str, value: object) -> None:
    folder = write_package(tmp_path / "package", "def predict(view):\n    return view.close", **{key: value})
    answer = here("submit", folder, "--home", tmp_path / "home")
    assert answer.code == 1
    assert key.split("_")[0] in answer.sentence
    assert not (tmp_path / "home" / "packages").exists()


def test_a_submitted_package_gives_the_results_of_its_folder(home: Path, python_result: dict[str, object]) -> None:
    package = submitted(EXAMPLES / "momentum-python", home)
    answer = here("backtest", package["id"], "--home", home, "--json").json
    assert [answer[key] for key in (*SAME_FIGURES, "trials")] == [python_result[key] for key in (*SAME_FIGURES, "trials")]
    trials = [json.loads(text) for kind, text in log_of(home) if kind == "trial"]
    assert [trial["code"] for trial in trials if trial["strategy"] == "momentum-python"] == [package["digest"]]


def test_a_package_has_several_names(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    package = submitted(EXAMPLES / "momentum-python", home.root)
    digest = str(package["digest"])
    kept = find_package(home, str(package["id"]))
    assert (kept.digest, kept.reviewed) == (digest, False)
    assert [find_package(home, name) for name in (digest, digest[7:], digest[7:15])] == [kept] * 3
    assert find_package(home, str(EXAMPLES / "momentum-python")).digest == digest
    assert find_package(home, "carry").reviewed


@pytest.mark.parametrize("name", ["momentum-python@00000000", "00000000", "sha256:00000000", "nothing-like-this"])
def test_a_package_that_is_not_there_is_refused_with_what_to_give(tmp_path: Path, name: str) -> None:
    answer = here("leak-test", name, "--home", tmp_path / "home")
    assert answer.code == 1
    assert "factory submit" in answer.sentence


def test_another_name_beside_the_right_digits_is_refused(tmp_path: Path) -> None:
    package = submitted(EXAMPLES / "momentum-python", tmp_path / "home")
    answer = here("leak-test", f"carry@{str(package['digest'])[7:19]}", "--home", tmp_path / "home")
    assert str(package["id"]) in answer.sentence


@pytest.mark.parametrize("change", ["altered", "added", "removed"])
def test_one_byte_altered_in_the_store_gives_no_results(tmp_path: Path, change: str) -> None:
    home = tmp_path / "home"
    package = submitted(EXAMPLES / "momentum-python", home)
    file = home / "packages" / str(package["digest"])[7:] / "strategy.py"
    data = file.read_bytes()
    if change == "removed":
        file.unlink()
    elif change == "altered":
        file.write_bytes(data[:-2] + bytes([data[-2] ^ 1]) + data[-1:])
    else:
        file.with_name("added.py").write_bytes(b"")
    size = len(log_of(home))
    for word in ("backtest", "gates", "leak-test", "sweep"):
        answer = here(word, package["id"], "--home", home)
        assert answer.code == 1
        assert answer.out == ""
        assert "not what was submitted" in answer.sentence
    assert "not what was submitted" in here("submit", EXAMPLES / "momentum-python", "--home", home).sentence
    assert len(log_of(home)) == size


def test_a_compiled_package_answers_like_the_python_one(compiled: Path) -> None:
    view = view_for_tests(600, ("A", "B", "C"))
    view.close[100:140, 1] = np.nan
    view.open_time_us[:] += parse_utc("2024-01-01")
    one, other = load_package(EXAMPLES / "momentum-python"), load_package(compiled)
    for parameters in one.manifest.configurations():
        asked = replace(view, params=parameters)
        expected = np.full_like(view.close, np.nan)
        window = int(parameters["window_bars"])
        expected[window:] = parameters["skill"] * (view.close[window:] / view.close[:-window] - 1.0)
        for package in (one, other):
            np.testing.assert_allclose(predict(package, asked, twice=False), expected, rtol=0, atol=1e-15)


def test_a_compiled_package_goes_the_way_of_a_python_one(home: Path, compiled: Path, python_result: dict[str, object]) -> None:
    package = submitted(compiled, home)
    kept = home / "packages" / str(package["digest"])[7:]
    assert sorted(path.name for path in kept.iterdir()) == ["manifest.yaml", "momentum"]
    answer = here("backtest", package["id"], "--home", home, "--json").json
    assert [answer[name] for name in SAME_FIGURES] == pytest.approx([python_result[name] for name in SAME_FIGURES], rel=1e-12)
    tested = here("leak-test", package["id"], "--home", home, "--json").json
    assert (tested["leaks"], tested["inputs"], tested["first_time"]) == (False, [], None)
    assert tested["lookback_kept"] is True
    latency = tested["latency_us"]
    assert latency["decisions"] > 0
    assert 0 < latency["p50"]["value"] <= latency["p99"]["value"] <= latency["p99.9"]["value"] <= latency["max"]
    best = [
        here("sweep", one, "--param", "window_bars=72,168", "--home", home, "--json").json["best"]
        for one in (package["id"], EXAMPLES / "momentum-python")
    ]
    assert best[0]["configuration"] == best[1]["configuration"]
    assert best[0]["sharpe_annual"] == pytest.approx(best[1]["sharpe_annual"], rel=1e-12)
    data = bytearray((compiled / "momentum").read_bytes())
    data[-1] ^= 1
    (compiled / "momentum").write_bytes(data)
    assert submitted(compiled, home)["id"] != package["id"]
    (kept / "momentum").write_bytes(data)
    for word in ("backtest", "sweep"):
        assert "not what was submitted" in here(word, package["id"], "--home", home).sentence


def leak_of(name: str, home: Path, tmp_path: Path) -> dict[str, object]:
    folder = write_package(tmp_path / "leaky", PRELUDE + LEAKS[name][0] + "\n", lookback_bars=24)
    return dict(here("leak-test", folder, "--home", home, "--json").json)


def assert_found(name: str, found: dict[str, object]) -> None:
    assert found["leaks"] is True
    assert found["inputs"] == [LEAKS[name][1]]
    assert str(found["first_time"]).startswith("2024-01-")


def test_a_planted_leak_is_named_and_dated(home: Path, tmp_path: Path) -> None:
    assert_found("survivor universe", leak_of("survivor universe", home, tmp_path))
    assert [body["inputs"] for body in (json.loads(text) for kind, text in log_of(home) if kind == "leak_test")][-1:] == [
        ["universe"]
    ]


@pytest.mark.soak
@pytest.mark.parametrize("name", list(LEAKS))
def test_all_planted_leaks_are_named_and_dated(name: str, home: Path, tmp_path: Path) -> None:
    assert_found(name, leak_of(name, home, tmp_path))
