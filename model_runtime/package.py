"""A strategy package: a folder with `manifest.yaml` and `strategy.py`, known by the digest of its content."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from types import ModuleType

import numpy as np
import yaml

from domain.arrays import FloatArray
from domain.errors import Refused
from domain.strategy import Manifest, View

Predict = Callable[[View], FloatArray]


@dataclass(frozen=True)
class Package:
    """A package as it was when it was loaded; `digest` is `sha256:` and 64 hex digits."""

    manifest: Manifest
    digest: str
    folder: Path


def load_package(folder: Path) -> Package:
    """Manifest and digest of the package in a folder. Raises Refused where either file is missing or the manifest is bad."""
    for name in ("manifest.yaml", "strategy.py"):
        if not (folder / name).is_file():
            raise Refused(f"{folder}: expected a strategy package with manifest.yaml and strategy.py, {name} is missing")
    origin = f"{folder.name}/manifest.yaml"
    try:
        data = yaml.safe_load((folder / "manifest.yaml").read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise Refused(f"{origin}: expected YAML, got {' '.join(str(error).split())}") from None
    manifest = Manifest.parse(data, origin)
    return Package(manifest, package_digest(folder), folder)


def package_digest(folder: Path) -> str:
    """Digest over relative path, length and bytes of every file in the order of their paths; caches and hidden files aside."""
    content = hashlib.sha256()
    for path in sorted(folder.rglob("*"), key=lambda file: file.relative_to(folder).as_posix()):
        parts = path.relative_to(folder).parts
        if not path.is_file() or any(part == "__pycache__" or part.startswith(".") for part in parts):
            continue
        data = path.read_bytes()
        content.update(f"{'/'.join(parts)}\0{len(data)}\0".encode())
        content.update(data)
    return "sha256:" + content.hexdigest()


def predict(package: Package, view: View, *, twice: bool = False) -> FloatArray:
    """(T, N) expected simple returns over the manifest's horizon, NaN where the strategy has no opinion.

    `twice` asks a second time and refuses an answer that differs. Raises Refused where the package changed since it was
    loaded, the strategy raises, or its answer is not a (T, N) float64 array without infinities.
    """
    if package_digest(package.folder) != package.digest:
        raise Refused(f"{package.manifest.name}: the package changed after it was loaded as {package.digest[:19]}: load it again")
    answer = _ask(package, view)
    if twice and not np.array_equal(answer, _ask(package, view), equal_nan=True):
        raise Refused(f"{package.manifest.name}: predict gave two answers to the same view: remove its state or randomness")
    return answer


def _ask(package: Package, view: View) -> FloatArray:
    name, shape = package.manifest.name, view.close.shape
    function = _function(package.folder, package.digest)
    try:
        answer = function(view)
    except Exception as error:
        raise Refused(f"{name}: predict raised {type(error).__name__}: {error}") from error
    if not isinstance(answer, np.ndarray) or answer.dtype != np.float64 or answer.shape != shape:
        got = f"{answer.dtype} {answer.shape}" if isinstance(answer, np.ndarray) else type(answer).__name__
        raise Refused(f"{name}: expected float64 predictions of shape {shape} (bars, symbols), got {got}")
    if np.isinf(answer).any():
        raise Refused(f"{name}: expected finite predictions or NaN, got {int(np.isinf(answer).sum())} infinite ones")
    return answer


@lru_cache(maxsize=256)
def _function(folder: Path, digest: str) -> Predict:
    """`predict` of a package, run in a module of its own that no import can see; `digest` is the cache's key."""
    path = folder / "strategy.py"
    module = ModuleType(f"strategy_{digest[7:23]}")
    module.__file__ = str(path)
    try:
        exec(compile(path.read_bytes(), str(path), "exec"), module.__dict__)  # noqa: S102 - running the package is the purpose
    except Exception as error:
        raise Refused(f"{folder.name}/strategy.py: {type(error).__name__}: {error}") from error
    function = getattr(module, "predict", None)
    if not callable(function):
        raise Refused(f"{folder.name}/strategy.py: expected a function predict(view), found none")
    return function  # type: ignore[no-any-return]
