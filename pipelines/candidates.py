"""Submitted packages as partitions of the Dagster instance, so that they can be launched from the UI."""

from steps.home import Home
from steps.packages import submitted_ids


def publish(home: Home, package: str) -> None:
    """Show a package in the UI of a home that has one; of another home, `factory ui` shows all when it starts."""
    if (home.dagster / "dagster.yaml").exists():
        _add(home, [package])


def publish_all(home: Home) -> None:
    """Show every submitted package; those already there stay."""
    _add(home, submitted_ids(home))


def _add(home: Home, packages: list[str]) -> None:
    from assets.partitions import CANDIDATES
    from pipelines.instance import open_instance

    if packages:
        with open_instance(home.dagster) as instance:
            instance.add_dynamic_partitions(str(CANDIDATES.name), packages)
