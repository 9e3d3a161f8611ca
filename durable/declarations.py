"""YAML files read into strict models: an unknown key is an error, and so is a missing one."""

from pathlib import Path
from typing import Any, TypeVar

import yaml

from domain.errors import Refused
from domain.model import Frozen

Model = TypeVar("Model", bound=Frozen)


def read_yaml(path: Path) -> Any:
    """The plain value of a YAML file. Refused where it is missing or is not YAML."""
    try:
        return yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise Refused(f"expected a file at {path}: it is missing; restore it from the repository") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise Refused(f"{path} is not readable as YAML: {' '.join(str(error).split())}") from None


def load(path: Path, model: type[Model]) -> Model:
    """A YAML file as its model. Refused where it is missing, is not YAML, or does not fit."""
    return model.parse(read_yaml(path), origin=str(path))
