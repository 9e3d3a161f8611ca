"""Which function answers a case: chosen by section and names of the inputs."""

import importlib
import inspect
import pkgutil
import string
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import tests.reference

Inputs = dict[str, Any]
Results = dict[str, Any]


@dataclass(frozen=True)
class Answer:
    """A function and the inputs that it takes."""

    section: int
    required: frozenset[str]
    optional: frozenset[str]
    function: Callable[..., Results]

    def takes(self, section: int, names: frozenset[str]) -> bool:
        return section == self.section and self.required <= names <= self.required | self.optional

    def __call__(self, inputs: Inputs, asked: tuple[str, ...]) -> Results:
        wants_keys = len(inspect.signature(self.function).parameters) == 2
        return self.function(inputs, asked) if wants_keys else self.function(inputs)


_ANSWERS: list[Answer] = []


def case(
    section: int, inputs: Iterable[str], optional: Iterable[str] = ()
) -> Callable[[Callable[..., Results]], Callable[..., Results]]:
    """Register the function below for cases of this section with these input names."""

    def register(function: Callable[..., Results]) -> Callable[..., Results]:
        _ANSWERS.append(Answer(section, frozenset(inputs), frozenset(optional), function))
        return function

    return register


def discover() -> None:
    """Import every `section_*` module of this package; each registers its functions."""
    for module in sorted(pkgutil.iter_modules(tests.reference.__path__), key=lambda found: found.name):
        if module.name.startswith("section_"):
            importlib.import_module(f"tests.reference.{module.name}")


def find(section: int, inputs: Mapping[str, Any]) -> Callable[[Inputs, tuple[str, ...]], Results] | None:
    """The function for this shape of inputs, or None."""
    names = frozenset(inputs)
    for answer in _ANSWERS:
        if answer.takes(section, names):
            return answer
    return _find_for_each(section, inputs) if _is_list_of_cases(inputs.get("cases")) else None


def _find_for_each(section: int, inputs: Mapping[str, Any]) -> Callable[[Inputs, tuple[str, ...]], Results] | None:
    shared = {name: value for name, value in inputs.items() if name != "cases"}
    answers = [find(section, {**shared, **entry}) for entry in inputs["cases"]]
    if any(answer is None for answer in answers):
        return None

    def answer_each(inputs: Inputs, asked: tuple[str, ...]) -> Results:
        entries = [{**shared, **entry} for entry in inputs["cases"]]
        results = [answer(entry, asked) for answer, entry in zip(answers, entries, strict=True) if answer]
        as_lists = {key: [result.get(key) for result in results] for key in results[0]}
        return as_lists | dict(zip(string.ascii_lowercase, results, strict=False))

    return answer_each


def _is_list_of_cases(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(entry, dict) for entry in value)
