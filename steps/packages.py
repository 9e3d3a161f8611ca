"""`factory submit`: a package becomes a copy that never changes and an entry of the log; and how packages are found again."""

from pathlib import Path
from typing import Any

from domain.errors import Refused
from model_runtime.package import Package, load_package
from model_runtime.store import keep, stored
from steps.configuration import STRATEGIES
from steps.home import Home
from steps.trust import open_log

SUBMISSION = "submission"


def submit(home: Home, folder: Path, *, sealed: bool = False) -> dict[str, Any]:
    """Keep a package under its digest and put it on record; the same content again gives the same id and changes nothing.

    With `sealed` only the runtime can read what is kept, manifest aside. Raises Refused where it is no package, or where its
    manifest lacks an author, a description, a style or a horizon.
    """
    package = keep(store_of(home), folder, home.keys, sealed=sealed)
    manifest = package.manifest
    body = {
        "name": manifest.name,
        "version": manifest.version,
        "authors": list(manifest.authors),
        "digest": package.digest,
    }
    open_log(home).append(SUBMISSION, body)
    return {"id": package.id, **body, "sealed": package.sealed, "folder": str(package.folder)}


def find_package(home: Home, text: str) -> Package:
    """A package by its folder, by its name under `strategies/`, or by the id or digest (or its first digits) of a submitted one.

    Raises Refused where there is none, and where a submitted one is no longer what was submitted.
    """
    folder = Path(text)
    if (folder / "manifest.yaml").exists():
        return _in_folder(folder.resolve())
    if text in desk_names():
        return load_package(STRATEGIES / text, reviewed=True)
    package = stored(store_of(home), text, home.keys)
    if package is None:
        raise Refused(
            f"expected a strategy package, got {text!r}: give a folder with manifest.yaml and its program, the id that "
            f"`factory submit` printed, or a name among {desk_names()}"
        )
    return package


def _in_folder(folder: Path) -> Package:
    """A folder of this desk's reviewed packages is asked as such wherever it is named from."""
    return load_package(folder, reviewed=folder.parent == STRATEGIES.resolve())


def store_of(home: Home) -> Path:
    """Where submitted packages are kept."""
    return home.root / "packages"


def submitted_ids(home: Home) -> list[str]:
    """Ids of the submitted packages as the log has them, each once, in the order of their submission."""
    bodies = [entry.body for entry in open_log(home).entries(SUBMISSION)]
    return list(dict.fromkeys(f"{body['name']}@{body['digest'][7:19]}" for body in bodies))


def desk_names() -> list[str]:
    """Names of the desk's own packages."""
    return sorted(path.parent.name for path in STRATEGIES.glob("*/manifest.yaml"))
