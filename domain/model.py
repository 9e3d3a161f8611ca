"""The base of every value that is parsed at an edge: frozen, and an unknown field is an error."""

from typing import Any, Self

from pydantic import BaseModel, ConfigDict, ValidationError

from domain.errors import Refused


class Frozen(BaseModel):
    """A frozen value; `parse` is the one door for data from outside."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    @classmethod
    def parse(cls, data: Any, origin: str) -> Self:
        """The validated value.

        Raises Refused with one line for each bad field, naming `origin` (a file or an address), the field and what came.
        """
        try:
            return cls.model_validate(data)
        except ValidationError as error:
            raise Refused(f"{origin}: " + "; ".join(_sentence(item) for item in error.errors())) from None


def _sentence(item: Any) -> str:
    where = ".".join(str(part) for part in item["loc"]) or "the document"
    if item["type"] == "extra_forbidden":
        return f"unknown key {where!r}: remove it or correct its spelling"
    if item["type"] == "missing":
        return f"missing key {where!r}: add it"
    return f"{where}: {item['msg']}, got {item['input']!r}"
