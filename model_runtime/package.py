"""A strategy package: a folder with `manifest.yaml` and a program, known by the digest of its content."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml

from domain.errors import Refused
from domain.strategy import Manifest
from model_runtime.contents import MANIFEST, digest_of, read_contents
from model_runtime.refusals import Altered
from model_runtime.sealing import is_sealed, unseal


@dataclass(frozen=True)
class Package:
    """A package as it was when it was loaded; `digest` is `sha256:` and 64 hex digits."""

    manifest: Manifest
    digest: str
    folder: Path
    reviewed: bool = False
    """Code of this desk, reviewed with the rest of the repository: asked in this process. All else runs in the sandbox."""
    keys: Path | None = None
    """Where the runtime's key lies that opens a sealed package; None for an open one."""

    @property
    def sealed(self) -> bool:
        return self.keys is not None

    @property
    def id(self) -> str:
        """What people quote: the name and the first digits of the digest."""
        return f"{self.manifest.name}@{self.digest[7:19]}"


def load_package(folder: Path, *, reviewed: bool = False) -> Package:
    """Manifest and digest of the package in a folder.

    Raises Refused where a file is missing, is no regular file or is too large, or where the manifest is bad.
    """
    return package_of(read_package(folder), folder, reviewed=reviewed)


def contents_of(package: Package) -> dict[str, bytes]:
    """What lies in the package's folder, in the clear. Raises Altered where it is no longer what was loaded."""
    contents = read_contents(package.folder) if package.keys is None else unseal(package.folder, package.keys)
    if digest_of(contents) != package.digest:
        raise Altered(f"{package.manifest.name}: the package changed after it was loaded as {package.digest[:19]}: load it again")
    return contents


def package_of(contents: Mapping[str, bytes], folder: Path, *, reviewed: bool = False) -> Package:
    """The package that these contents make."""
    manifest = parse_manifest(contents, folder.name)
    return Package(manifest, digest_of(contents), folder, reviewed)


def read_package(folder: Path, keys: Path | None = None) -> dict[str, bytes]:
    """The contents of a package's folder, a sealed one opened with the runtime's key among `keys`.

    Refused where it is no folder or has no manifest, or where it is sealed and there are no keys.
    """
    if not folder.is_dir():
        raise Refused(f"{folder}: expected the folder of a strategy package, with {MANIFEST} and its program")
    if is_sealed(folder):
        if keys is None:
            raise Refused(f"{folder}: this package is sealed: submit it with `factory submit`, and name it by its id")
        return unseal(folder, keys)
    contents = read_contents(folder)
    if MANIFEST not in contents:
        raise Refused(f"{folder}: expected a strategy package with manifest.yaml and strategy.py, {MANIFEST} is missing")
    return contents


def parse_manifest(contents: Mapping[str, bytes], origin: str) -> Manifest:
    """The manifest among a package's contents; Refused where it is bad or where the program that it names is not there."""
    manifest = Manifest.parse(_yaml(contents[MANIFEST], f"{origin}/{MANIFEST}"), f"{origin}/{MANIFEST}")
    if manifest.entry not in contents:
        raise Refused(
            f"{origin}: expected a strategy package with {MANIFEST} and {manifest.entry}, {manifest.entry} is missing: "
            f"add it, or name the package's program as `entry`"
        )
    return manifest


def package_digest(folder: Path) -> str:
    """Digest of what lies in a folder now."""
    return digest_of(read_contents(folder))


def _yaml(data: bytes, origin: str) -> object:
    try:
        text = data.decode()
        # An alias lets a short file stand for a gigantic value.
        if any(isinstance(event, yaml.AliasEvent) for event in yaml.parse(text, Loader=yaml.SafeLoader)):
            raise Refused(f"{origin}: YAML aliases (*name) are not allowed: write the value out")
        return yaml.safe_load(text)
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError) as error:
        raise Refused(f"{origin}: expected YAML, got {' '.join(str(error).split())}") from None
