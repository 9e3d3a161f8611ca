"""Where the desk's configuration lies, and how it is read."""

from durable.declarations import load, read_yaml
from steps.home import REPOSITORY

__all__ = ["CONFIG", "STRATEGIES", "load", "read_yaml"]

CONFIG = REPOSITORY / "config"
STRATEGIES = REPOSITORY / "strategies"
