"""Reading YAML into strict models: an unknown key is an error, and so is a missing one."""

from pathlib import Path
from typing import Any, TypeVar

import yaml

from domain.errors import Refused
from domain.model import Frozen
from steps.home import REPOSITORY

CONFIG = REPOSITORY / "config"
STRATEGIES = REPOSITORY / "strategies"

Model = TypeVar("Model", bound=Frozen)


def read_yaml(path: Path) -> Any:
    """The plain value of a YAML file. Refused where it is missing or is not YAML."""
    try:
        return yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise Refused(f"expected a configuration file at {path}: it is missing; restore it from the repository") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise Refused(f"{path} is not YAML: {' '.join(str(error).split())}") from None


def load(path: Path, model: type[Model]) -> Model:
    """A configuration file as its model."""
    return model.parse(read_yaml(path), origin=str(path))
