"""Who is judged in a cycle: the laboratory's pods, or the packages of the desk."""

from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

from domain.canonical import digest
from domain.errors import Refused
from domain.pod import ExecutionProfile, PodSpec
from domain.strategy import Manifest, Parameter
from domain.times import Cycle
from laboratory.pods import LaboratoryPod, pods
from model_runtime.package import Package, load_package
from steps.configuration import STRATEGIES
from steps.run import Run
from steps.simulation import laboratory_settings, simulated_market


@dataclass(frozen=True)
class Member:
    """A pod with its manifest; `package` is None for a stated return stream."""

    spec: PodSpec
    manifest: Manifest
    package: Package | None
    code: str
    """Digest of the package, or of the stated stream."""

    def configurations(self) -> tuple[dict[str, Parameter], ...]:
        """Every configuration that was tried, the pod's own first."""
        if self.package is None:
            return (dict(self.manifest.parameters),)
        chosen = {**self.manifest.parameters, **self.spec.parameters}
        return replace_parameters(self.manifest, chosen).configurations()


def replace_parameters(manifest: Manifest, parameters: dict[str, Parameter]) -> Manifest:
    """The manifest with other chosen values. Refused where a name is not among its parameters."""
    strangers = sorted(set(parameters) - set(manifest.parameters))
    if strangers:
        raise Refused(f"{manifest.name}: unknown parameter {strangers}: expected names among {sorted(manifest.parameters)}")
    return manifest.model_copy(update={"parameters": parameters})


def roster(run: Run) -> tuple[Member, ...]:
    """The members of this run, by pod name."""
    if run.source.simulated:
        members = tuple(laboratory_member(pod) for pod in laboratory_pods(run.cycle))
    else:
        members = tuple(package_member(package) for package in _desk_packages()[0])
    return tuple(sorted(members, key=lambda member: member.spec.pod))


def unusable_packages(run: Run) -> dict[str, str]:
    """Packages of the desk that cannot be loaded, by folder, and why: one of them does not stop the others."""
    return {} if run.source.simulated else _desk_packages()[1]


def _desk_packages() -> tuple[list[Package], dict[str, str]]:
    usable, refusals = [], {}
    for folder in package_folders():
        try:
            usable.append(load_package(folder, reviewed=True))
        except Refused as refusal:
            refusals[folder.name] = str(refusal)
    return usable, refusals


@lru_cache(maxsize=1)
def laboratory_pods(cycle: Cycle) -> tuple[LaboratoryPod, ...]:
    """The eight pods of known truth in the cycle's simulated market."""
    return pods(simulated_market(cycle), laboratory_settings().seed)


def package_folders() -> tuple[Path, ...]:
    """Every strategy package of the desk."""
    return tuple(sorted(path.parent for path in STRATEGIES.glob("*/manifest.yaml")))


def package_member(package: Package) -> Member:
    """A package without a live pod: it fills in the middle of the maker share that its author intends."""
    intent = package.manifest.execution
    taker_share = 1.0 - (intent.maker_share_min + intent.maker_share_max) / 2
    profile = ExecutionProfile(taker_share, leverage_max=package.manifest.leverage_max)
    spec = PodSpec(pod=package.manifest.name, package=package.manifest.name, profile=profile, live=False)
    return Member(spec, package.manifest, package, package.digest)


def laboratory_member(pod: LaboratoryPod) -> Member:
    """A laboratory pod with its package or its stated stream."""
    if pod.manifest is not None:
        # A stated stream is one trial however many days it has: it is known by what states it, not by its returns so far.
        return Member(pod.spec, pod.manifest, None, digest({"stated": pod.manifest.model_dump(mode="json")}))
    package = load_package(STRATEGIES / pod.spec.package, reviewed=True)
    return Member(pod.spec, package.manifest, package, package.digest)


def with_parameters(member: Member, parameters: dict[str, Parameter]) -> Member:
    """The same member with other chosen parameters."""
    declared = member.manifest.parameters
    replace_parameters(member.manifest, parameters)
    chosen = {name: _written_like(declared[name], value) for name, value in parameters.items()}
    return replace(member, spec=replace(member.spec, parameters={**member.spec.parameters, **chosen}))


def _written_like(declared: Parameter, value: Parameter) -> Parameter:
    """32 and 32.0 are one configuration, and one trial: it is written as the manifest writes it."""
    if isinstance(declared, float):
        return float(value)
    return int(value) if float(value).is_integer() else value
